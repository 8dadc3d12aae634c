using YamlDotNet.Core;

namespace Anovos.Mlflow.Yaml;

/// <summary>
/// The text that the parser reads, and the way from the parser's marks to places in the file.
/// PyYAML lets the lines between brackets begin at any column, the parser wants them deeper than their key: such lines get spaces.
/// </summary>
internal sealed class YamlSource(string text)
{
    private const int Padding = 256;

    // What may be read again in all for the sake of padding, so that the time stays bounded.
    private const int LongestDetour = 25_000_000;

    private readonly HashSet<long> _padded = [];
    private long _detour;

    /// <summary>The text, padded where that was needed.</summary>
    public string Text { get; private set; } = text;

    /// <summary>Puts spaces before the line of a mark; false when that was done before or was done too often.</summary>
    public bool TryPad(Mark mark)
    {
        _detour += Text.Length;
        if (_detour > LongestDetour || !_padded.Add(mark.Line))
            return false;
        Text = Text.Insert(LineStart(mark), new string(' ', Padding));
        return true;
    }

    /// <summary>The mark's place in the file.</summary>
    public YamlPosition Position(Mark mark)
    {
        long column = mark.Column - (_padded.Contains(mark.Line) ? Padding : 0);
        return new YamlPosition((int)mark.Line, (int)Math.Max(1, column));
    }

    /// <summary>The place in the file of a character of the text.</summary>
    public YamlPosition Position(int index)
    {
        int lineStart = index == 0 ? 0 : Text.LastIndexOf('\n', index - 1) + 1;
        int line = 1 + Text.Take(lineStart).Count(c => c == '\n');
        return Position(new Mark(index, line, index - lineStart + 1));
    }

    /// <summary>The character at the mark; empty at the end of the text.</summary>
    public string Character(Mark mark) => mark.Index < Text.Length ? Text.Substring((int)mark.Index, 1).Trim() : "";

    /// <summary>The blanks with which the mark's line begins.</summary>
    public string Indentation(Mark mark)
    {
        int start = LineStart(mark);
        int end = start;
        while (end < Text.Length && Text[end] is ' ' or '\t')
            end++;
        return Text.Substring(start, end - start);
    }

    /// <summary>Whether nothing but blanks stands before the mark in its line.</summary>
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
