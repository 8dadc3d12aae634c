using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Anovos.Mlflow.Configuration.Yaml;

/// <summary>
/// Reads one YAML document into nodes, as PyYAML's SafeLoader reads it, and refuses what that one would take in silence:
/// a key twice, a list as a key. What aliases expand to is bounded, and never expanded.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>Levels of nodes, aliases expanded.</summary>
    public const int MaxDepth = 100;

    /// <summary>Nodes, aliases expanded.</summary>
    public const int MaxNodes = 100_000;

    /// <summary>Characters in all scalars, aliases expanded.</summary>
    public const int MaxCharacters = 10 * 1024 * 1024;

    private readonly YamlSource _source;
    private readonly IParser _parser;
    private readonly CancellationToken _cancellationToken;
    private readonly Dictionary<string, Anchored?> _anchors = new(StringComparer.Ordinal);
    private int _nodes;
    private int _characters;

    private YamlReader(YamlSource source, IParser parser, CancellationToken cancellationToken)
    {
        _source = source;
        _parser = parser;
        _cancellationToken = cancellationToken;
    }

    /// <summary>The only document of a text; null when the text holds none.</summary>
    /// <exception cref="YamlFault">The text is no YAML, or goes beyond the bounds above.</exception>
    public static YamlNode? Read(string text, CancellationToken cancellationToken)
    {
        var source = new YamlSource(text);
        while (true)
        {
            var scanner = new StrictScanner(source);
            try
            {
                return new YamlReader(source, new Parser(scanner), cancellationToken).ReadDocument();
            }
            catch (InvalidOperationException) when (source.TryPad(scanner.CurrentPosition))
            {
                // So the parser says that a line between brackets begins too far left; it is deeper now.
            }
            catch (Exception exception) when (exception is YamlException or InvalidOperationException or ArgumentException)
            {
                throw SyntaxFault.Explain(exception, source, scanner.CurrentPosition);
            }
        }
    }

    private YamlNode? ReadDocument()
    {
        Take();
        if (Take() is not DocumentStart)
            return null;

        YamlNode root = ReadNode(Take(), depth: 0);
        Take();
        if (Take() is DocumentStart next)
        {
            throw new YamlFault(At(next.Start), "A second document begins here.",
                "A workflow file holds one: remove the '---' and what does not belong.");
        }

        return root;
    }

    private ParsingEvent Take()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        _parser.MoveNext();
        return _parser.Current!;
    }

    private YamlNode ReadNode(ParsingEvent begin, int depth)
    {
        YamlPosition position = At(begin.Start);
        if (begin is AnchorAlias alias)
            return ReadAlias(alias.Value.Value, position, depth);

        RefuseDepth(position, depth);
        string? anchor = begin is NodeEvent { Anchor.IsEmpty: false } node ? node.Anchor.Value : null;
        if (anchor is not null)
            Open(anchor, position);

        (int nodes, int characters) = (_nodes, _characters);
        Count(position, nodes: 1, characters: (begin as Scalar)?.Value.Length ?? 0);
        YamlNode result = begin switch
        {
            Scalar scalar => ReadScalar(scalar, position),
            SequenceStart sequence => ReadSequence(sequence, position, depth),
            MappingStart mapping => ReadMapping(mapping, position, depth),
            _ => throw new YamlFault(position, "A value is missing here.", "Is a ': ' or a '-' one too many?"),
        };
        if (anchor is not null)
            _anchors[anchor] = new Anchored(result, _nodes - nodes, _characters - characters);
        return result;
    }

    private YamlNode ReadAlias(string name, YamlPosition position, int depth)
    {
        if (!_anchors.TryGetValue(name, out Anchored? anchored))
        {
            throw new YamlFault(position, $"The alias '*{YamlScalar.Quote(name)}' refers to no anchor above it.",
                $"Define '&{YamlScalar.Quote(name)}' earlier in the file, or put the text in quotes.");
        }

        if (anchored is null)
        {
            throw new YamlFault(position, $"The alias '*{YamlScalar.Quote(name)}' stands inside what it refers to.",
                "Write the values out instead.");
        }

        RefuseDepth(position, depth + anchored.Node.Height);
        Count(position, anchored.Nodes, anchored.Characters);
        return anchored.Node;
    }

    private void Open(string anchor, YamlPosition position)
    {
        if (_anchors.ContainsKey(anchor))
        {
            throw new YamlFault(position, $"The anchor '&{YamlScalar.Quote(anchor)}' is defined a second time.",
                "Give every anchor a name of its own.");
        }

        _anchors[anchor] = null;
    }

    private static YamlScalar ReadScalar(Scalar scalar, YamlPosition position)
    {
        bool plain = scalar.Style == ScalarStyle.Plain;
        return YamlTags.Of(scalar, position) switch
        {
            null when !plain => YamlScalars.Tagged(position, "str", scalar.Value),
            null or YamlTags.NonSpecific when scalar.Value is "=" or "<<" => throw new YamlFault(position,
                $"'{scalar.Value}' alone means something else to YAML 1.1.", "Put it in quotes."),
            null or YamlTags.NonSpecific => YamlScalars.Plain(position, scalar.Value),
            string tag => YamlScalars.Tagged(position, tag, scalar.Value),
        };
    }

    private YamlSequence ReadSequence(SequenceStart begin, YamlPosition position, int depth)
    {
        YamlTags.Require(begin, position, "a list", "seq", "omap", "pairs");
        var items = new List<YamlNode>();
        while (Take() is var next and not SequenceEnd)
            items.Add(ReadNode(next, depth + 1));
        return new YamlSequence(position, items);
    }

    private YamlMapping ReadMapping(MappingStart begin, YamlPosition position, int depth)
    {
        YamlTags.Require(begin, position, "a mapping", "map", "set");
        var entries = new MappingEntries();
        while (Take() is var next and not MappingEnd)
        {
            if (next is Scalar { Style: ScalarStyle.Plain, Value: "<<" } merge && YamlTags.Of(merge, At(next.Start)) is null or "merge")
                entries.Merge(ReadNode(Take(), depth + 1));
            else
                entries.Add(ReadKey(next, depth + 1), ReadNode(Take(), depth + 1));
        }

        return new YamlMapping(position, entries.ToList());
    }

    private YamlScalar ReadKey(ParsingEvent next, int depth)
    {
        // Fine as a key, unlike as a value.
        if (next is Scalar { Style: ScalarStyle.Plain, Value: "=", Anchor.IsEmpty: true })
            return new YamlScalar(At(next.Start), YamlKind.String, "=", "=");

        return ReadNode(next, depth) as YamlScalar ?? throw new YamlFault(At(next.Start),
            "A key is a list or a mapping.", "Write a name before the ': '; text that begins with [ or { needs quotes.");
    }

    private void Count(YamlPosition position, int nodes, int characters)
    {
        // Each summand is within its bound, so that the sums stay within an int.
        _nodes += nodes;
        _characters += characters;
        if (_nodes > MaxNodes || _characters > MaxCharacters)
        {
            throw new YamlFault(position, $"The file holds more than {MaxNodes} values or {MaxCharacters} characters, aliases expanded.",
                "No workflow needs as many: is this the right file?");
        }
    }

    private static void RefuseDepth(YamlPosition position, int depth)
    {
        if (depth > MaxDepth)
            throw new YamlFault(position, $"Values are nested more than {MaxDepth} levels deep.", "No workflow needs as many: is this the right file?");
    }

    private YamlPosition At(Mark mark) => _source.Position(mark);

    private sealed record Anchored(YamlNode Node, int Nodes, int Characters);
}
