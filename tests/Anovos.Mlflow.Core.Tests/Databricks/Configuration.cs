using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>A configuration in <c>configurations.json</c>: the settings, and the results of Databricks' SDKs and of the module.</summary>
internal sealed class Configuration
{
    private static readonly JsonObject File = Read();
    private readonly JsonObject _row;

    private Configuration(JsonObject row) => _row = row;

    public static IReadOnlyList<Configuration> All { get; } =
        [.. File["configurations"]!.AsArray().Select(row => new Configuration(row!.AsObject()))];

    public string Name => Text("name")!;

    /// <summary>The SDK with this test: <c>py</c>, <c>go</c> or <c>both</c>.</summary>
    public string From => Text("from")!;

    /// <summary>The kind of test: <c>choice</c> of a method, a <c>token</c> and so on.</summary>
    public string Kind => Text("kind")!;

    public JsonObject Sdk => _row["sdk"]!.AsObject();

    /// <summary>The module's result, if it differs.</summary>
    public JsonObject? Ours => _row["ours"]?.AsObject();

    /// <summary>The reason for the difference.</summary>
    public string? Why => Text("why");

    /// <summary>The text of <c>.databrickscfg</c>; null for none.</summary>
    public string? ProfilesFile => Text("text") ?? (Text("file") is { } name ? (string)File["files"]![name]! : null);

    public IEnumerable<KeyValuePair<string, string>> Variables =>
        Pairs("set").Select(pair => new KeyValuePair<string, string>(pair.Key, (string)pair.Value!));

    /// <summary>The host's responses by path: <c>status</c>, <c>body</c>, <c>location</c>.</summary>
    public IEnumerable<KeyValuePair<string, JsonNode?>> Answers => Pairs("answers");

    /// <summary>The programs on the PATH, by name.</summary>
    public IEnumerable<KeyValuePair<string, JsonNode?>> Programs => Pairs("programs");

    public string? Text(string name) => (string?)_row[name];

    private static JsonObject Read()
    {
        using Stream stream = typeof(Configuration).Assembly.GetManifestResourceStream("configurations.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }

    private IEnumerable<KeyValuePair<string, JsonNode?>> Pairs(string name) => _row[name]?.AsObject() ?? [];
}
