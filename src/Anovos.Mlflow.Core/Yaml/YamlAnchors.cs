namespace Anovos.Mlflow.Yaml;

/// <summary>
/// Keeps the anchors of a document, and counts its size as if every alias were expanded. Aliases are never expanded, because nodes
/// are shared. The count rejects documents that would take too long to walk.
/// </summary>
internal sealed class YamlAnchors
{
    /// <summary>The maximum number of levels, with aliases expanded.</summary>
    public const int MaxDepth = 100;

    /// <summary>The maximum number of nodes, with aliases expanded.</summary>
    public const int MaxNodes = 100_000;

    /// <summary>The maximum number of characters in all scalars, with aliases expanded.</summary>
    public const int MaxCharacters = 10 * 1024 * 1024;

    private readonly Dictionary<string, Anchored?> _anchors = new(StringComparer.Ordinal);
    private Mark _count;

    /// <summary>Counts a new node, and opens its anchor if it has one. Returns the count before the node.</summary>
    /// <exception cref="YamlFault">The anchor already exists, or the document is too large.</exception>
    public Mark Begin(string? anchor, YamlPosition position, int characters)
    {
        Mark before = _count;
        Add(position, new Mark(1, characters));
        if (anchor is null)
            return before;

        if (_anchors.ContainsKey(anchor))
        {
            throw new YamlFault(position, $"The anchor '&{YamlScalar.Quote(anchor)}' is defined a second time.",
                "Give every anchor a unique name.");
        }

        _anchors[anchor] = null;
        return before;
    }

    /// <summary>Keeps a complete node if it has an anchor.</summary>
    public void End(string? anchor, Mark before, YamlNode node)
    {
        if (anchor is not null)
            _anchors[anchor] = new Anchored(node, new Mark(_count.Nodes - before.Nodes, _count.Characters - before.Characters));
    }

    /// <summary>Returns the node that an alias refers to. The depth is that of the alias.</summary>
    /// <exception cref="YamlFault">There is no such node, the alias is inside it, or the document is too large or too deep.</exception>
    public YamlNode Expand(string alias, YamlPosition position, int depth)
    {
        string name = YamlScalar.Quote(alias);
        if (!_anchors.TryGetValue(alias, out Anchored? anchored))
        {
            throw new YamlFault(position, $"The alias '*{name}' has no anchor above it.",
                $"Define '&{name}' earlier in the file, or put the text in quotes.");
        }

        if (anchored is null)
            throw new YamlFault(position, $"The alias '*{name}' is inside the value that it refers to.", "Write the values out instead.");

        RefuseDepth(position, depth + anchored.Node.Height);
        Add(position, anchored.Count);
        return anchored.Node;
    }

    /// <summary>Rejects a node that is too deep.</summary>
    /// <exception cref="YamlFault">The node is too deep.</exception>
    public static void RefuseDepth(YamlPosition position, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new YamlFault(position, $"Values are nested more than {MaxDepth} levels deep.",
                "No workflow needs that many. Is this the right file?");
        }
    }

    private void Add(YamlPosition position, Mark more)
    {
        // Each summand is within its limit, so the sums fit in an int.
        _count = new Mark(_count.Nodes + more.Nodes, _count.Characters + more.Characters);
        if (_count.Nodes > MaxNodes || _count.Characters > MaxCharacters)
        {
            throw new YamlFault(position, $"The file has more than {MaxNodes} values or {MaxCharacters} characters, with aliases expanded.",
                "No workflow needs that many. Is this the right file?");
        }
    }

    /// <summary>The size of a document up to some point.</summary>
    internal readonly record struct Mark(int Nodes, int Characters);

    private sealed record Anchored(YamlNode Node, Mark Count);
}
