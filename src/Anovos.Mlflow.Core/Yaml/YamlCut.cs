using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Anovos.Mlflow.Yaml;

/// <summary>Removes a key of a file's top-level mapping. Every other byte stays where the key has lines of its own.</summary>
internal static class YamlCut
{
    private static readonly char[] LineBreaks = ['\n', '\r', '\u0085', '\u2028', '\u2029'];

    /// <summary>The file without the key; the file itself if the mapping does not have it.</summary>
    /// <exception cref="YamlFault">The file is no YAML, or its document is no mapping.</exception>
    public static byte[] Without(byte[] file, string key, CancellationToken cancellationToken)
    {
        string text = YamlText.Decode(file);
        if (YamlReader.Read(text, cancellationToken) is not YamlMapping root)
            throw new YamlFault(new YamlPosition(1, 1), "The file holds no mapping.", "Is this the right file?");
        if (root.Find(key) is null)
            return file;

        // The lines may hold an anchor that others use, or end the value before them: only the result of reading again counts.
        YamlMapping rest = root.Without(key);
        return Cut(file, text, key) is { } cut && TryRead(cut, cancellationToken)?.HasValueOf(rest) == true ? cut : YamlWriter.Write(rest);
    }

    private static byte[]? Cut(byte[] file, string text, string key)
    {
        if (Find(text, key) is not var (from, to))
            return null;
        (Encoding encoding, int start) = file switch
        {
            [0xFF, 0xFE, ..] => (Encoding.Unicode, 2),
            [0xFE, 0xFF, ..] => (Encoding.BigEndianUnicode, 2),
            [0xEF, 0xBB, 0xBF, ..] => (Encoding.UTF8, 3),
            _ => ((Encoding)Encoding.UTF8, 0),
        };
        int first = start + encoding.GetByteCount(text.Substring(0, from));
        int length = encoding.GetByteCount(text.Substring(from, to - from));
        return [.. file.Take(first), .. file.Skip(first + length)];
    }

    /// <summary>Where the lines of the key and its value begin and end; null if they have no lines of their own.</summary>
    private static (int From, int To)? Find(string text, string key)
    {
        // The parser's marks are right where each line end is one character: lines and columns stay the same.
        var source = new YamlSource(string.Join("\n", text.Replace("\r\n", "\n").Split(LineBreaks)) + "\n");
        while (true)
        {
            var scanner = new StrictScanner(source);
            try
            {
                return Find(new Parser(scanner), source, text, key);
            }
            catch (InvalidOperationException) when (source.TryPad(scanner.CurrentPosition))
            {
                // As in YamlReader: a line between brackets begins too far left for the parser.
            }
            catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
            {
                // With other line ends it is another text to the parser. The values stay in any case.
                return null;
            }
        }
    }

    private static (int From, int To)? Find(Parser parser, YamlSource source, string text, string key)
    {
        int[] lines = LineStarts(text);
        Next(parser);
        Next(parser);
        if (Next(parser) is not MappingStart { Style: not MappingStyle.Flow })
            return null;
        while (Next(parser) is var begin and not MappingEnd)
        {
            bool isKey = begin is Scalar scalar && scalar.Value == key;
            Mark from = begin.Start, keyEnd = End(begin, parser), valueEnd = End(Next(parser), parser);
            if (isKey)
                return Lines(text, At(from), Math.Max(At(keyEnd), At(valueEnd)));
        }

        return null;

        int At(Mark mark)
        {
            // A line behind the last one is that of the line end that was added.
            (int line, int column) = source.Position(mark);
            return line > lines.Length ? text.Length : Math.Min(text.Length, lines[line - 1] + column - 1);
        }
    }

    private static int[] LineStarts(string text)
    {
        List<int> starts = [0];
        for (int i = 0; i < text.Length; i++)
        {
            if (LineBreaks.Contains(text[i]) && !(text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n'))
                starts.Add(i + 1);
        }

        return [.. starts];
    }

    private static ParsingEvent Next(Parser parser)
    {
        parser.MoveNext();
        return parser.Current!;
    }

    // A block ends for the parser where the next one begins; its text ends with its last value.
    private static Mark End(ParsingEvent begin, Parser parser)
    {
        Mark end = begin.End;
        if (begin is not (MappingStart or SequenceStart))
            return end;
        bool isFlow = begin is MappingStart { Style: MappingStyle.Flow } or SequenceStart { Style: SequenceStyle.Flow };
        while (Next(parser) is var next)
        {
            if (next is MappingEnd or SequenceEnd)
            {
                // The mark is before the bracket if there is nothing between the two.
                return isFlow ? new Mark(next.Start.Index + 1, next.Start.Line, next.Start.Column + 1) : end;
            }

            // What follows ends behind it; a value that is left out ends where its key does.
            end = End(next, parser) is var later && later.CompareTo(end) > 0 ? later : end;
        }

        return end;
    }

    private static (int From, int To)? Lines(string text, int from, int to)
    {
        int start = from == 0 ? 0 : text.LastIndexOfAny(LineBreaks, from - 1) + 1;
        if (text.Substring(start, from - start).Trim(' ') is not ("" or "?"))
            return null;

        // The parser counts the empty lines behind a block scalar as its text.
        while (to > from && (text[to - 1] is ' ' or '\t' || LineBreaks.Contains(text[to - 1])))
            to--;
        int end = text.IndexOfAny(LineBreaks, to);
        if (end < 0)
            return (start, text.Length);
        bool isPair = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n';
        return (start, end + (isPair ? 2 : 1));
    }

    private static YamlNode? TryRead(byte[] file, CancellationToken cancellationToken)
    {
        try
        {
            return YamlReader.Read(YamlText.Decode(file), cancellationToken);
        }
        catch (YamlFault)
        {
            return null;
        }
    }
}
