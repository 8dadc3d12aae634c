using System.Globalization;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Registry;

/// <summary>Reads the <c>MLmodel</c> file in a model's folder. The fields are those of mlflow.models.model.Model.</summary>
public static class ModelFile
{
    /// <summary>The file's name.</summary>
    public const string Name = "MLmodel";

    private const long MaxBytes = 10 * 1024 * 1024;

    /// <summary>Reads the file in a folder. A folder without the file is a model without flavors.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelInvalid"/></exception>
    public static MlflowModel Read(string folder, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
            return new MlflowModel { Path = folder };
        if (new FileInfo(path).Length > MaxBytes)
            throw Invalid(path, $"It has more than {MaxBytes} bytes, which is too large for this file.");
        try
        {
            return YamlReader.Read(YamlText.Decode(File.ReadAllBytes(path)), cancellationToken) is YamlMapping root
                ? Read(root, folder)
                : throw Invalid(path, "It is not a mapping of fields.");
        }
        catch (YamlFault fault)
        {
            throw Invalid($"{path}:{fault.Position.Line}:{fault.Position.Column}", fault.Message, fault);
        }
    }

    // A field that cannot be read does not affect the others.
    private static MlflowModel Read(YamlMapping root, string folder)
    {
        List<string> warnings = [];
        YamlMapping? flavors = Mapping("flavors"), signature = Mapping("signature");
        return new()
        {
            Path = folder,
            Flavors = flavors is null ? new Dictionary<string, object?>() : ToObject(flavors),
            Signature = signature is null ? null : new SignatureReader(Warn).Read(signature),
            RunId = Text("run_id"),
            ModelUuid = Text("model_uuid"),
            ModelId = Text("model_id"),
            ModelSizeBytes = Scalar("model_size_bytes") is not { } size ? null
                : ToObject(size) is long bytes ? bytes
                : Bad<long>("model_size_bytes", size, "a whole number"),
            MlflowVersion = Text("mlflow_version"),
            CreationTime = Scalar("utc_time_created") is not { } created ? null
                : ReadTime(created.Text) ?? Bad<DateTimeOffset>("utc_time_created", created, "a time"),
            Warnings = warnings,
        };

        string Text(string name) => Scalar(name)?.Text ?? "";

        YamlScalar? Scalar(string name)
        {
            if (root[name] is { IsNull: false } node and not YamlScalar)
                Warn(name, node.Position, $"it is {node.Description}");
            return root[name] as YamlScalar is { IsNull: false } scalar ? scalar : null;
        }

        YamlMapping? Mapping(string name)
        {
            if (root[name] is { IsNull: false } node and not YamlMapping)
                Warn(name, node.Position, $"it is {node.Description}, not a mapping");
            return root.Mapping(name);
        }

        T? Bad<T>(string name, YamlScalar scalar, string expected)
            where T : struct
        {
            Warn(name, scalar.Position, $"it is {scalar.Description}, not {expected}");
            return null;
        }

        void Warn(string name, YamlPosition at, string why) => warnings.Add(
            $"{Path.Combine(folder, Name)}:{at.Line}:{at.Column}: The field '{name}' cannot be read and is left out: {why.TrimEnd('.')}.");
    }

    private static DateTimeOffset? ReadTime(string text) => DateTimeOffset.TryParse(
        text,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
        out DateTimeOffset time) ? time : null;

    private static object? ToObject(YamlNode node) => node switch
    {
        YamlMapping mapping => ToObject(mapping),
        YamlSequence list => list.Items.Select(ToObject).ToArray(),
        YamlScalar { IsNull: true } => null,
        YamlScalar { Boolean: { } boolean } => boolean,
        YamlScalar { Kind: YamlKind.Integer } number when long.TryParse(number.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
        YamlScalar { Kind: YamlKind.Float } number when Floats.TryRead(number.Value, NumberStyles.Float, out double value) => value,
        YamlScalar scalar => scalar.Text,
        _ => null,
    };

    // To Python, 1 and '1' are different keys.
    private static Dictionary<string, object?> ToObject(YamlMapping mapping)
    {
        var fields = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (YamlEntry entry in mapping.Entries)
            fields[entry.Key.Text] = ToObject(entry.Value);
        return fields;
    }

    private static MlflowException Invalid(string path, string why, Exception? inner = null) =>
        new(ErrorKind.ModelInvalid, $"{path}: {why} The model's files are available; its description is not.", inner) { Target = path };
}
