using System.Text.Json;

namespace Anovos.Mlflow.Checks;

/// <summary>A key of the workflow file, as described in <c>AnovosSteps.json</c>. docs/development.md explains the fields.</summary>
internal sealed class StepKey
{
    private readonly JsonElement _json;
    private readonly Dictionary<string, StepKey> _keys;

    private StepKey(JsonElement json)
    {
        _json = json;
        Keys = json.TryGetProperty("keys", out JsonElement keys) ? [.. keys.EnumerateArray().Select(Read)] : [];
        _keys = Keys.ToDictionary(key => key.Name, StringComparer.Ordinal);
    }

    public string Name => Text("name") ?? "";

    public string Summary => Text("summary") ?? "";

    public string Type => Text("type") ?? "mapping";

    public IReadOnlyList<StepKey> Keys { get; }

    public string? Shape => Text("shape");

    /// <summary>What Anovos does with other keys: <c>refused</c>, <c>ignored</c>, <c>any</c>, or the kind of object they name.</summary>
    public string Others => Text("others") ?? "ignored";

    public bool IsRequired => Flag("required");

    public bool IsNullable => Flag("nullable");

    public bool IsHidden => Flag("hidden");

    /// <summary>Whether Anovos silently accepts a wrong value.</summary>
    public bool IgnoresWrong => Text("wrong") == "ignored";

    /// <summary>Whether a rule in code checks the value.</summary>
    public bool HasOwnRule => Text("wrong") == "rule";

    /// <summary>Whether Anovos skips columns that do not exist.</summary>
    public bool IgnoresMissing => Text("missing") == "ignored";

    public string? Fails => Text("fails");

    public string? Effect => Text("effect");

    public string? Unknown => Text("unknown");

    public string? Set => Text("set");

    public string? Broken => Text("broken");

    public string? Instead => Text("instead");

    /// <summary>The Anovos function that the key calls, with its module; null if it calls none.</summary>
    public string? Function => Text("function");

    public string? Reads => Text("reads");

    /// <summary>The block that makes the key required.</summary>
    public string? RequiredWith => Text("requiredWith");

    public string? Choice => Text("choice");

    public IReadOnlyList<string> Allowed => Texts("allowed");

    public IReadOnlyList<string> Keywords => Texts("keywords");

    public IReadOnlyList<string> Helpers => Texts("helpers");

    public IReadOnlyList<string> Groups => Texts("groups");

    /// <summary>The transformers that the mapping can hold arguments for. Another key selects the transformer.</summary>
    public IReadOnlyList<string> Imputations => _json.TryGetProperty("imputations", out JsonElement map)
        ? [.. map.EnumerateObject().Select(item => item.Value.GetString()!).Distinct()]
        : Choice is { } choice && Find(choice) is { } chooser ? chooser.Allowed : [];

    public IReadOnlyList<string> Metrics => Texts("metrics");

    public double? Min => Number("min");

    public double? Above => Number("above");

    public double? Max => Number("max");

    /// <summary>The default value, as JSON; null if there is none.</summary>
    public JsonElement? Default => _json.TryGetProperty("default", out JsonElement value) ? value : null;

    /// <summary>The last part of <see cref="Function"/>.</summary>
    public string FunctionName => Function is { } function ? function.Substring(function.LastIndexOf('.') + 1) : Name;

    /// <summary>Reads a key and everything below it.</summary>
    public static StepKey Read(JsonElement json) => new(json);

    /// <summary>The key with a name; null if there is none.</summary>
    public StepKey? Find(string name) => _keys.TryGetValue(name, out StepKey? key) ? key : null;

    /// <summary>Whether a field is true in the table.</summary>
    public bool Flag(string field) => _json.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    /// <summary>Whether a field has the given text.</summary>
    public bool TextIs(string field, string text) => Text(field) == text;

    /// <summary>The text for a key in a field that is a map, such as <c>imputations</c> or <c>aliases</c>.</summary>
    public string? TextOf(string field, string key) =>
        _json.TryGetProperty(field, out JsonElement map) && map.TryGetProperty(key, out JsonElement value) ? value.GetString() : null;

    private string? Text(string field) => _json.TryGetProperty(field, out JsonElement value) ? value.GetString() : null;

    private double? Number(string field) => _json.TryGetProperty(field, out JsonElement value) ? value.GetDouble() : null;

    private IReadOnlyList<string> Texts(string field) =>
        _json.TryGetProperty(field, out JsonElement value) ? [.. value.EnumerateArray().Select(item => item.GetString()!)] : [];
}
