using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Anovos.Mlflow.Http;

/// <summary>The content of an error body: JSON from MLflow, Databricks or OAuth, XML from buckets, or text.</summary>
/// <param name="Code">The error code, if it is text.</param>
/// <param name="Number">The error code, if it is a number: Databricks sends an HTTP status if the sign-in refuses a request.</param>
/// <param name="Message">The message; null if there is none.</param>
internal sealed record ErrorBody(string? Code, int? Number, string? Message)
{
    private const int QuotedCharacters = 500;

    private static readonly ErrorBody None = new(null, null, null);

    // The form of some Databricks errors: "RESOURCE_DOES_NOT_EXIST: Run 7 does not exist".
    private static readonly Regex CodeAndText = new(@"\A(?<code>[A-Z]+(?:_[A-Z]+)+): (?<message>.+)", RegexOptions.Singleline);

    /// <summary>Reads a body.</summary>
    public static ErrorBody Read(string body)
    {
        string text = body.TrimStart();
        if (IsXml(body))
            return ReadXml(text);
        if (text.StartsWith("{", StringComparison.Ordinal))
            return ReadJson(body);
        return CodeAndText.Match(text) is { Success: true } match
            ? new ErrorBody(match.Groups["code"].Value, null, Quote(match.Groups["message"].Value))
            : None;
    }

    /// <summary>True for the XML of a bucket.</summary>
    public static bool IsXml(string body) =>
        body.TrimStart().StartsWith("<?xml", StringComparison.Ordinal) || body.StartsWith("<Error", StringComparison.Ordinal);

    /// <summary>Shortens text from another source so that it fits into a message.</summary>
    public static string Quote(string text) =>
        text.Length > QuotedCharacters ? text.Substring(0, QuotedCharacters) + "…" : text.Trim();

    private static ErrorBody ReadJson(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement error = document.RootElement;
            (string? code, int? number) = ReadCode(error);

            // The fields of OAuth, then of Databricks' API 1.2, then of SCIM.
            string? reason = Text(error, "error"), description = Text(error, "error_description");
            string? detail = Text(error, "detail") is { } said && said != "null" ? $"{Text(error, "scimType")} {said}".Trim() : null;
            string? message = Text(error, "message") ?? description ?? reason ?? detail;
            return new ErrorBody(code ?? (description is null ? null : reason), number, message);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            // It is not JSON, or a string in it is not text (half a surrogate pair): the caller quotes the body unchanged.
            return None;
        }
    }

    private static (string? Code, int? Number) ReadCode(JsonElement error)
    {
        if (!error.TryGetProperty("error_code", out JsonElement value)
            || value.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            return (null, null);
        string text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? (null, number)
            : value.ValueKind == JsonValueKind.Number || text.Length == 0 ? (null, null)
            : (Quote(text), null);
    }

    private static ErrorBody ReadXml(string text)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(text));
            XElement root = XElement.Load(reader);
            return new ErrorBody(root.Element("Code")?.Value, null, root.Element("Message")?.Value is { } message ? Quote(message) : null);
        }
        catch (XmlException)
        {
            return None;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? Quote(value.GetString()!) : null;
}
