using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Anovos.Mlflow.Yaml;

/// <summary>Removes a key of a file's top-level mapping. If the key has lines of its own, no other byte changes.</summary>
internal static class YamlCut
{
    private static readonly char[] LineBreaks = ['\n', '\r', '\u0085', '\u2028', '\u2029'];

    /// <summary>Returns the file without the key, or the file itself if the mapping does not have the key.</summary>
    /// <exception cref="YamlFault">The file is not YAML, or its document is not a mapping.</exception>
    public static byte[] Without(byte[] file, string key, CancellationToken cancellationToken)
    {
        string text = YamlText.Decode(file);
        if (YamlReader.Read(text, cancellationToken) is not YamlMapping root)
            throw new YamlFault(new YamlPosition(1, 1), "The file is not a mapping.", "Is this the right file?");
        if (root.Find(key) is null)
            return file;

        // The lines may contain an anchor used elsewhere, or end the value before them. Read the result again to be sure.
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

    /// <summary>Finds where the lines of the key and its value begin and end; null if they have no lines of their own.</summary>
    private static (int From, int To)? Find(string text, string key)
    {
        // The parser's marks are only correct if each line break is one character. Lines and columns stay the same.
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
                // As in YamlReader: a line between brackets is not indented enough for the parser.
            }
            catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException)
            {
                // With changed line breaks, the parser may see another text. The caller keeps the values in any case.
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
            // A line after the last line comes from the line break that was added above.
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

    // To the parser, a block ends where the next block begins. Its text ends with its last value.
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
                // In empty brackets, the mark is before the closing bracket.
                return isFlow ? new Mark(next.Start.Index + 1, next.Start.Line, next.Start.Column + 1) : end;
            }

            // Later events end later, but an omitted value ends where its key ends.
            end = End(next, parser) is var later && later.CompareTo(end) > 0 ? later : end;
        }

        return end;
    }

    private static (int From, int To)? Lines(string text, int from, int to)
    {
        int start = from == 0 ? 0 : text.LastIndexOfAny(LineBreaks, from - 1) + 1;
        if (text.Substring(start, from - start).Trim(' ') is not ("" or "?"))
            return null;

        // To the parser, the empty lines after a block scalar are part of its text.
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
