namespace Anovos.Mlflow.Yaml;

/// <summary>
/// Keeps the anchors of a document, and counts what it would hold if every alias were written out. Nothing is ever written
/// out: nodes are shared, and the count stops what would take too long for whoever walks them.
/// </summary>
internal sealed class YamlAnchors
{
    /// <summary>Levels of nodes, aliases expanded.</summary>
    public const int MaxDepth = 100;

    /// <summary>Nodes, aliases expanded.</summary>
    public const int MaxNodes = 100_000;

    /// <summary>Characters in all scalars, aliases expanded.</summary>
    public const int MaxCharacters = 10 * 1024 * 1024;

    private readonly Dictionary<string, Anchored?> _anchors = new(StringComparer.Ordinal);
    private Mark _count;

    /// <summary>Counts a node that begins, and opens its anchor when it has one. Answers what was counted before it.</summary>
    /// <exception cref="YamlFault">The anchor is there already, or the document is too large.</exception>
    public Mark Begin(string? anchor, YamlPosition position, int characters)
    {
        Mark before = _count;
        Add(position, new Mark(1, characters));
        if (anchor is null)
            return before;

        if (_anchors.ContainsKey(anchor))
        {
            throw new YamlFault(position, $"The anchor '&{YamlScalar.Quote(anchor)}' is defined a second time.",
                "Give every anchor a name of its own.");
        }

        _anchors[anchor] = null;
        return before;
    }

    /// <summary>Keeps a node that is complete, when it has an anchor.</summary>
    public void End(string? anchor, Mark before, YamlNode node)
    {
        if (anchor is not null)
            _anchors[anchor] = new Anchored(node, new Mark(_count.Nodes - before.Nodes, _count.Characters - before.Characters));
    }

    /// <summary>The node that an alias at a depth stands for.</summary>
    /// <exception cref="YamlFault">There is none, the alias is in it, or the document is too large or too deep.</exception>
    public YamlNode Expand(string alias, YamlPosition position, int depth)
    {
        string name = YamlScalar.Quote(alias);
        if (!_anchors.TryGetValue(alias, out Anchored? anchored))
        {
            throw new YamlFault(position, $"The alias '*{name}' refers to no anchor above it.",
                $"Define '&{name}' earlier in the file, or put the text in quotes.");
        }

        if (anchored is null)
            throw new YamlFault(position, $"The alias '*{name}' is inside what it refers to.", "Write the values out instead.");

        RefuseDepth(position, depth + anchored.Node.Height);
        Add(position, anchored.Count);
        return anchored.Node;
    }

    /// <summary>Refuses a node that is too deep.</summary>
    /// <exception cref="YamlFault">It is.</exception>
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
        // Each summand is within its bound, so that the sums stay within an int.
        _count = new Mark(_count.Nodes + more.Nodes, _count.Characters + more.Characters);
        if (_count.Nodes > MaxNodes || _count.Characters > MaxCharacters)
        {
            throw new YamlFault(position, $"The file holds more than {MaxNodes} values or {MaxCharacters} characters, aliases expanded.",
                "No workflow needs that many. Is this the right file?");
        }
    }

    /// <summary>How much of a document there was at some point.</summary>
    internal readonly record struct Mark(int Nodes, int Characters);

    private sealed record Anchored(YamlNode Node, Mark Count);
}
