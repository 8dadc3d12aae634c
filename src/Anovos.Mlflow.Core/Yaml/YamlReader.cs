using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Anovos.Mlflow.Yaml;

/// <summary>
/// Reads one YAML document into nodes, like PyYAML's SafeLoader. It also rejects mistakes that SafeLoader silently accepts:
/// a duplicate key, a list as a key.
/// </summary>
internal sealed class YamlReader
{
    private readonly YamlSource _source;
    private readonly IParser _parser;
    private readonly CancellationToken _cancellationToken;
    private readonly YamlAnchors _anchors = new();

    private YamlReader(YamlSource source, IParser parser, CancellationToken cancellationToken)
    {
        _source = source;
        _parser = parser;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Reads the only document of a text; null if the text has none.</summary>
    /// <exception cref="YamlFault">The text is not YAML, or exceeds the limits of <see cref="YamlAnchors"/>.</exception>
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
                // The parser throws this if a line between brackets is not indented enough. Now it is.
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
                "A workflow file has only one document. Remove the '---' and the other document.");
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
            return _anchors.Expand(alias.Value.Value, position, depth);

        YamlAnchors.RefuseDepth(position, depth);
        string? anchor = begin is NodeEvent { Anchor.IsEmpty: false } node ? node.Anchor.Value : null;
        YamlAnchors.Mark before = _anchors.Begin(anchor, position, (begin as Scalar)?.Value.Length ?? 0);
        YamlNode result = begin switch
        {
            Scalar scalar => ReadScalar(scalar, position),
            SequenceStart sequence => ReadSequence(sequence, position, depth),
            MappingStart mapping => ReadMapping(mapping, position, depth),
            _ => throw new YamlFault(position, "A value is missing here.", "Check for an extra ': ' or '-'."),
        };
        _anchors.End(anchor, before, result);
        return result;
    }

    private static YamlScalar ReadScalar(Scalar scalar, YamlPosition position)
    {
        bool plain = scalar.Style == ScalarStyle.Plain;
        return YamlTags.Of(scalar, position) switch
        {
            null when !plain => YamlScalars.Tagged(position, "str", scalar.Value),
            null or YamlTags.NonSpecific when scalar.Value is "=" or "<<" => throw new YamlFault(position,
                $"'{scalar.Value}' alone has a special meaning in YAML 1.1.", "Put it in quotes."),
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
        // Allowed as a key, but not as a value.
        if (next is Scalar { Style: ScalarStyle.Plain, Value: "=", Anchor.IsEmpty: true })
            return new YamlScalar(At(next.Start), YamlKind.String, "=", "=");

        return ReadNode(next, depth) as YamlScalar ?? throw new YamlFault(At(next.Start),
            "A key cannot be a list or a mapping.", "Write a name before the ': '. Text that begins with [ or { needs quotes.");
    }

    private YamlPosition At(Mark mark) => _source.Position(mark);
}
