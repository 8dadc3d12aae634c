using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Registry;

/// <summary>Reads the <c>MLmodel</c> file of a model's folder (mlflow.models.model.Model has the fields).</summary>
public static class ModelFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "MLmodel";

    // Python writes NaN and the infinities into JSON, which has neither.
    private static readonly Regex PythonNumber = new(@"""(?:\\.|[^""\\])*""|(?<number>NaN|-?Infinity)", RegexOptions.CultureInvariant);

    // Before such a number, as a text: no text of a file has it, for YAML forbids it and JSON escapes it.
    private const string Mark = "\u0001";
    private static readonly Regex Marked = new(@"""\\u0001(?<number>NaN|-?Infinity)""", RegexOptions.CultureInvariant);

    private const long MaxBytes = 10 * 1024 * 1024;

    /// <summary>What the file in a folder says; a folder without one is a model without flavors.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelInvalid"/></exception>
    public static MlflowModel Read(string folder, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            return new MlflowModel { Path = folder };
        if (new FileInfo(path).Length > MaxBytes)
            throw Invalid(path, $"It has more than {MaxBytes} bytes, which no such file has.");
        try
        {
            return YamlReader.Read(YamlText.Decode(File.ReadAllBytes(path)), cancellationToken) is YamlMapping root
                ? Read(root, folder)
                : throw Invalid(path, "It holds no mapping of fields.");
        }
        catch (YamlFault fault)
        {
            throw Invalid($"{path}:{fault.Position.Line}:{fault.Position.Column}", fault.Message, fault);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw Invalid(path, $"Its signature cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static MlflowModel Read(YamlMapping root, string folder) => new()
    {
        Path = folder,
        Flavors = root.Mapping("flavors") is { } flavors ? ToObject(flavors) : new Dictionary<string, object?>(),
        Signature = root.Mapping("signature") is { } signature ? new ModelSignature(Fields(signature, "inputs"), Fields(signature, "outputs"), Fields(signature, "params")) : null,
        RunId = Text(root, "run_id"),
        ModelUuid = Text(root, "model_uuid"),
        ModelId = Text(root, "model_id"),
        ModelSizeBytes = root["model_size_bytes"] is YamlScalar size && ToObject(size) is long bytes ? bytes : null,
        MlflowVersion = Text(root, "mlflow_version"),
        CreationTime = DateTimeOffset.TryParse(Text(root, "utc_time_created"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time) ? time : null,
    };

    // JSON in a text.
    private static ModelField[] Fields(YamlMapping signature, string name)
    {
        if (signature.Text(name) is not { } text)
            return [];
        using JsonDocument json = JsonDocument.Parse(PythonNumber.Replace(text, match => match.Groups["number"] is { Success: true } number
            ? JsonSerializer.Serialize(Mark + number.Value)
            : match.Value));
        return [.. json.RootElement.EnumerateArray().Select(Field)];
    }

    private static ModelField Field(JsonElement json)
    {
        bool hasDefault = json.TryGetProperty("default", out JsonElement value);

        // MLflow before 2.10 wrote it the other way round.
        bool isOptional = hasDefault || Says("required", JsonValueKind.False) || Says("optional", JsonValueKind.True);
        JsonElement? tensor = json.OptionalPart("tensor-spec");
        return new ModelField(NameOf(json), tensor?.Text("dtype") ?? TypeOf(json), !isOptional)
        {
            Shape = [.. (tensor ?? json).Items("shape").Select(side => side.ValueKind == JsonValueKind.Null ? -1 : side.GetInt64())],
            Default = hasDefault ? Marked.Replace(value.GetRawText(), "${number}") : null,
        };

        bool Says(string name, JsonValueKind what) => json.TryGetProperty(name, out JsonElement said) && said.ValueKind == what;
    }

    // The columns of a data frame without names are numbers.
    private static string NameOf(JsonElement json) => !json.TryGetProperty("name", out JsonElement name) ? "" : name.ValueKind switch
    {
        JsonValueKind.String => name.GetString()!,
        JsonValueKind.Null => "",
        _ => Marked.Replace(name.GetRawText(), "${number}"),
    };

    // Of a param, the first MLflow that had params called it dtype.
    private static string TypeOf(JsonElement json) => json.Text("type") is { Length: > 0 } type ? type : json.Text("dtype");

    private static string Text(YamlMapping mapping, string name) => mapping[name] is YamlScalar { IsNull: false } scalar ? scalar.Text : "";

    private static object? ToObject(YamlNode node) => node switch
    {
        YamlMapping mapping => ToObject(mapping),
        YamlSequence list => list.Items.Select(ToObject).ToArray(),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Boolean: { } boolean } => boolean,
        YamlScalar { Kind: YamlKind.Integer } number when long.TryParse(number.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
        YamlScalar { Kind: YamlKind.Float } number when double.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) => value,
        YamlScalar scalar => scalar.Text,
        _ => null,
    };

    // 1 and '1' are two keys to Python.
    private static Dictionary<string, object?> ToObject(YamlMapping mapping)
    {
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (YamlEntry entry in mapping.Entries)
            fields[entry.Key.Text] = ToObject(entry.Value);
        return fields;
    }

    private static MlflowException Invalid(string path, string why, Exception? inner = null) =>
        new(ErrorKind.ModelInvalid, $"{path}: {why} The model's files are there; what it says of itself is not read.", inner) { Target = path };
}
