namespace Anovos.Mlflow.Yaml;

/// <summary>A node of a YAML document, with its position. It is immutable. An alias shares its anchor's node.</summary>
internal abstract class YamlNode(YamlPosition position, int height)
{
    /// <summary>The position where the node begins.</summary>
    public YamlPosition Position { get; } = position;

    /// <summary>The number of levels below this node; 0 for a scalar.</summary>
    public int Height { get; } = height;

    /// <summary>Whether the node is YAML's null.</summary>
    public virtual bool IsNull => false;

    /// <summary>The result of Python's <c>bool()</c> for the node, which Anovos uses in many places.</summary>
    public abstract bool IsTruthy { get; }

    /// <summary>A description of the node for messages: "a list", "the number 7".</summary>
    public abstract string Description { get; }

    /// <summary>True if both nodes have the same value in Python, with mapping entries in the same order.</summary>
    public bool HasValueOf(YamlNode other) => (this, other) switch
    {
        (YamlScalar one, YamlScalar two) => one.Kind == two.Kind && one.Value == two.Value,
        (YamlSequence one, YamlSequence two) => one.Items.Count == two.Items.Count
            && one.Items.Zip(two.Items, (left, right) => left.HasValueOf(right)).All(same => same),
        (YamlMapping one, YamlMapping two) => one.Entries.Count == two.Entries.Count
            && one.Entries.Zip(two.Entries, (left, right) => left.Key.HasValueOf(right.Key) && left.Value.HasValueOf(right.Value))
                .All(same => same),
        _ => false,
    };
}

/// <summary>A position in a file.</summary>
/// <param name="Line">The line, starting at 1.</param>
/// <param name="Column">The column in characters, starting at 1.</param>
internal readonly record struct YamlPosition(int Line, int Column);

/// <summary>A list.</summary>
internal sealed class YamlSequence(YamlPosition position, IReadOnlyList<YamlNode> items)
    : YamlNode(position, 1 + items.Select(item => item.Height).DefaultIfEmpty(-1).Max())
{
    /// <summary>The items, in order.</summary>
    public IReadOnlyList<YamlNode> Items { get; } = items;

    /// <inheritdoc/>
    public override bool IsTruthy => Items.Count > 0;

    /// <inheritdoc/>
    public override string Description => "a list";
}

/// <summary>A mapping, with merges (<c>&lt;&lt;</c>) resolved.</summary>
internal sealed class YamlMapping(YamlPosition position, IReadOnlyList<YamlEntry> entries)
    : YamlNode(position, 1 + entries.Select(entry => entry.Value.Height).DefaultIfEmpty(-1).Max())
{
    private readonly Dictionary<string, YamlEntry> _byName = entries
        .Where(entry => entry.Key.Kind == YamlKind.String)
        .ToDictionary(entry => entry.Key.Text, StringComparer.Ordinal);

    /// <summary>The entries, in the order of Python's dict.</summary>
    public IReadOnlyList<YamlEntry> Entries { get; } = entries;

    /// <inheritdoc/>
    public override bool IsTruthy => Entries.Count > 0;

    /// <inheritdoc/>
    public override string Description => "a mapping";

    /// <summary>The value of a text key; null if there is no such key.</summary>
    public YamlNode? this[string name] => Find(name)?.Value;

    /// <summary>The entry of a text key; null if there is none.</summary>
    public YamlEntry? Find(string name) => _byName.TryGetValue(name, out YamlEntry? entry) ? entry : null;

    /// <summary>The mapping without the entry of a text key.</summary>
    public YamlMapping Without(string name) => Find(name) is { } found ? new(Position, [.. Entries.Where(entry => entry != found)]) : this;

    /// <summary>The mapping at a text key; null if the key is missing or its value is not a mapping.</summary>
    public YamlMapping? Mapping(string name) => this[name] as YamlMapping;

    /// <summary>The text at a text key; null if the key is missing or its value is not text.</summary>
    public string? Text(string name) => this[name] is YamlScalar { Kind: YamlKind.String } scalar ? scalar.Text : null;
}

/// <summary>A key of a mapping and its value.</summary>
internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);
