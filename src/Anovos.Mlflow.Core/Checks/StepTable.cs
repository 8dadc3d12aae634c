using System.Text.Json;

namespace Anovos.Mlflow.Checks;

/// <summary>The table of everything that Anovos accepts in a workflow file, read from <c>AnovosSteps.json</c>.</summary>
internal sealed class StepTable
{
    private static readonly Lazy<StepTable> Read = new(ReadResource);
    private readonly Dictionary<string, StepKey> _shapes;

    private StepTable(JsonElement json)
    {
        Version = json.GetProperty("anovos").GetString()!;
        Root = StepKey.Read(json);
        _shapes = json.GetProperty("shapes").EnumerateObject().ToDictionary(item => item.Name, item => StepKey.Read(item.Value),
            StringComparer.Ordinal);
        Options = [.. json.GetProperty("options").EnumerateArray().Select(item => item.GetString()!)];
        Formats = [.. json.GetProperty("formats").EnumerateArray().Select(item => item.GetString()!)];
    }

    /// <summary>The table built into this assembly. It never changes.</summary>
    public static StepTable Default => Read.Value;

    /// <summary>The version of Anovos that the table describes.</summary>
    public string Version { get; }

    /// <summary>The top level of the file.</summary>
    public StepKey Root { get; }

    /// <summary>Options of Spark's readers and writers.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <summary>Formats of Spark and of common connectors, in addition to those of <c>file_type</c>.</summary>
    public IReadOnlyList<string> Formats { get; }

    /// <summary>A dataset, such as <c>input_dataset</c>.</summary>
    public StepKey Dataset => _shapes["dataset"];

    /// <summary>A group of transformers.</summary>
    public StepKey Group => _shapes["group"];

    /// <summary>A transformer.</summary>
    public StepKey? Transformer(string name) => Group.Find(name);

    /// <summary>The key that lists the keys allowed below another key: its shape, or the key itself.</summary>
    public StepKey Shape(StepKey key) => key.Shape is { } shape ? _shapes[shape] : key;

    private static StepTable ReadResource()
    {
        using Stream stream = typeof(StepTable).Assembly.GetManifestResourceStream("AnovosSteps.json")!;
        using var document = JsonDocument.Parse(stream);
        return new StepTable(document.RootElement.Clone());
    }
}
