using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Registry;

/// <summary>Reads the signature in an <c>MLmodel</c> file: strings of JSON as Python writes it.</summary>
/// <param name="warn">Called with each field that cannot be read, its position in the file and the reason.</param>
internal sealed class SignatureReader(Action<string, YamlPosition, string> warn)
{
    // Python writes NaN and infinities into JSON, which does not allow them.
    private static readonly Regex PythonNumber = new(@"""(?:\\.|[^""\\])*""|(?<number>NaN|-?Infinity)", RegexOptions.CultureInvariant);

    // Put before such a number, as a string. The character cannot be in a string of the file: YAML forbids it and JSON escapes it.
    private const string Mark = "\u0001";
    private static readonly Regex Marked = new(@"""\\u0001(?<number>NaN|-?Infinity)""", RegexOptions.CultureInvariant);

    /// <summary>Returns the signature without the parts that cannot be read.</summary>
    public ModelSignature Read(YamlMapping signature) =>
        new(Fields(signature, "inputs"), Fields(signature, "outputs"), Fields(signature, "params"));

    private ModelField[] Fields(YamlMapping signature, string name)
    {
        string field = $"signature.{name}";
        if (signature[name] is not { IsTruthy: true } node)
            return [];
        JsonElement[] columns = Try(field, node.Position, () => Parse(node)) ?? [];
        return [.. columns.Select((column, i) => Try($"{field}[{i}]", node.Position, () => Field(column, $"{field}[{i}]", node.Position)))
            .OfType<ModelField>()];
    }

    private static JsonElement[] Parse(YamlNode node)
    {
        string text = (node as YamlScalar)?.Text ?? throw new FormatException($"it is {node.Description}, not JSON in a string");
        using JsonDocument json = JsonDocument.Parse(PythonNumber.Replace(text, match => match.Groups["number"] is { Success: true } number
            ? JsonSerializer.Serialize(Mark + number.Value)
            : match.Value));
        return json.RootElement.ValueKind == JsonValueKind.Array
            ? [.. json.RootElement.Clone().EnumerateArray()]
            : throw new FormatException("its JSON is not a list");
    }

    private ModelField Field(JsonElement json, string field, YamlPosition position)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new FormatException("it is not an object");
        bool hasDefault = json.TryGetProperty("default", out JsonElement value);

        // MLflow before 2.10 wrote the inverse field, optional.
        bool isOptional = hasDefault || Says("required", JsonValueKind.False) || Says("optional", JsonValueKind.True);
        return new ModelField(
            NameOf(json),
            Try($"{field}.type", position, () => Tensor()?.Text("dtype") ?? TypeOf(json)) ?? "",
            !isOptional)
        {
            Shape = Try<long[]>($"{field}.shape", position, () => [.. (Tensor() ?? json).Items("shape").Select(Side)]) ?? [],
            Default = hasDefault ? Marked.Replace(value.GetRawText(), "${number}") : null,
        };

        bool Says(string name, JsonValueKind what) => json.TryGetProperty(name, out JsonElement said) && said.ValueKind == what;

        JsonElement? Tensor() => json.OptionalPart("tensor-spec");
    }

    private static long Side(JsonElement side) => side.ValueKind == JsonValueKind.Null ? -1 : side.GetInt64();

    // A data frame without column names has numbers as names.
    private static string NameOf(JsonElement json) => !json.TryGetProperty("name", out JsonElement name) ? "" : name.ValueKind switch
    {
        JsonValueKind.String => name.GetString()!,
        JsonValueKind.Null => "",
        _ => Marked.Replace(name.GetRawText(), "${number}"),
    };

    // The first MLflow version with params called a param's type dtype.
    private static string TypeOf(JsonElement json) => json.Text("type") is { Length: > 0 } type ? type : json.Text("dtype");

    // InvalidOperationException: a value of another type, or a string with half a surrogate pair.
    private T? Try<T>(string field, YamlPosition position, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            warn(field, position, e.Message);
            return null;
        }
    }
}
