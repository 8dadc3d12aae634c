using YamlDotNet.Core;

namespace Anovos.Mlflow.Yaml;

/// <summary>
/// The text for the parser, and the mapping from the parser's marks to positions in the file. PyYAML allows lines between brackets
/// to begin at any column, but the parser requires them to be deeper than their key. Spaces are added to such lines.
/// </summary>
internal sealed class YamlSource(string text)
{
    private const int Padding = 256;

    // The maximum number of characters to read again because of padding, which limits the time.
    private const int LongestDetour = 25_000_000;

    private readonly HashSet<long> _padded = [];
    private long _detour;

    /// <summary>The text, padded where necessary.</summary>
    public string Text { get; private set; } = text;

    /// <summary>Puts spaces before the line of a mark; false if the line already has them, or if this was done too often.</summary>
    public bool TryPad(Mark mark)
    {
        _detour += Text.Length;
        if (_detour > LongestDetour || !_padded.Add(mark.Line))
            return false;
        Text = Text.Insert(LineStart(mark), new string(' ', Padding));
        return true;
    }

    /// <summary>Returns the mark's position in the file.</summary>
    public YamlPosition Position(Mark mark)
    {
        long column = mark.Column - (_padded.Contains(mark.Line) ? Padding : 0);
        return new YamlPosition((int)mark.Line, (int)Math.Max(1, column));
    }

    /// <summary>Returns the position in the file of a character of the text.</summary>
    public YamlPosition Position(int index)
    {
        int lineStart = index == 0 ? 0 : Text.LastIndexOf('\n', index - 1) + 1;
        int line = 1 + Text.Take(lineStart).Count(c => c == '\n');
        return Position(new Mark(index, line, index - lineStart + 1));
    }

    /// <summary>The character at the mark; empty at the end of the text.</summary>
    public string Character(Mark mark) => mark.Index < Text.Length ? Text.Substring((int)mark.Index, 1).Trim() : "";

    /// <summary>The leading blanks of the mark's line.</summary>
    public string Indentation(Mark mark)
    {
        int start = LineStart(mark);
        int end = start;
        while (end < Text.Length && Text[end] is ' ' or '\t')
            end++;
        return Text.Substring(start, end - start);
    }

    /// <summary>Whether only blanks are before the mark in its line.</summary>
    public bool IsFirstOfLine(Mark mark) => LineStart(mark) + Indentation(mark).Length >= mark.Index;

    /// <summary>Whether the mark's line looks like a key and a value, or an item of a list.</summary>
    public bool LineHasKey(Mark mark)
    {
        int start = LineStart(mark);
        int end = Text.IndexOf('\n', start);
        string line = Text.Substring(start, (end < 0 ? Text.Length : end) - start).Trim();
        return line.Contains(": ") || line.EndsWith(":", StringComparison.Ordinal) || line.StartsWith("- ", StringComparison.Ordinal);
    }

    private int LineStart(Mark mark) => (int)Math.Max(0, Math.Min(Text.Length, mark.Index - mark.Column + 1));
}
