using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Registry;

/// <summary>Reads the <c>MLmodel</c> file of a model's folder (mlflow.models.model.Model has the fields).</summary>
public static class ModelFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "MLmodel";

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
        Flavors = root.Mapping("flavors") is { } flavors ? (Dictionary<string, object?>)ToObject(flavors)! : new Dictionary<string, object?>(),
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
        using JsonDocument json = JsonDocument.Parse(text);
        return [.. json.RootElement.EnumerateArray().Select(Field)];
    }

    private static ModelField Field(JsonElement json)
    {
        bool hasDefault = json.TryGetProperty("default", out JsonElement value);

        // MLflow before 2.10 wrote it the other way round.
        bool isOptional = hasDefault || Says("required", JsonValueKind.False) || Says("optional", JsonValueKind.True);
        JsonElement? tensor = json.OptionalPart("tensor-spec");
        return new ModelField(json.Text("name"), (tensor ?? json).Text(tensor is null ? "type" : "dtype"), !isOptional)
        {
            Shape = [.. (tensor ?? json).Items("shape").Select(side => side.GetInt64())],
            Default = hasDefault ? value.GetRawText() : null,
        };

        bool Says(string name, JsonValueKind what) => json.TryGetProperty(name, out JsonElement said) && said.ValueKind == what;
    }

    private static string Text(YamlMapping mapping, string name) => mapping[name] is YamlScalar { IsNull: false } scalar ? scalar.Text : "";

    private static object? ToObject(YamlNode node) => node switch
    {
        YamlMapping mapping => mapping.Entries.ToDictionary(entry => entry.Key.Text, entry => ToObject(entry.Value), StringComparer.Ordinal),
        YamlSequence list => list.Items.Select(ToObject).ToArray(),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Boolean: { } boolean } => boolean,
        YamlScalar { Kind: YamlKind.Integer } number when long.TryParse(number.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
        YamlScalar { Kind: YamlKind.Float } number when double.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) => value,
        YamlScalar scalar => scalar.Text,
        _ => null,
    };

    private static MlflowException Invalid(string path, string why, Exception? inner = null) =>
        new(ErrorKind.ModelInvalid, $"{path}: {why} The model's files are there; what it says of itself is not read.", inner) { Target = path };
}
