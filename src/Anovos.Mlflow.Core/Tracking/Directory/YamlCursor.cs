using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>A position in a YAML text, with YAML's rules for blanks and line ends.</summary>
internal sealed class YamlCursor(string text)
{
    private int _at;

    /// <summary>Whether the end of the text is reached.</summary>
    public bool End => _at >= text.Length;

    /// <summary>The character at the position.</summary>
    public char Here => text[_at];

    /// <summary>Whether a line ends at the position.</summary>
    public bool AtBreak => !End && IsBreak(Here);

    /// <summary>Whether a blank, a line end or the end of the text is at the position.</summary>
    public bool AtSpace => End || IsBlank(Here) || IsBreak(Here);

    /// <summary>Whether the previous character is a blank.</summary>
    public bool AfterBlank => _at > 0 && IsBlank(text[_at - 1]);

    /// <summary>The position, to return to later.</summary>
    public int Position { get => _at; set => _at = value; }

    /// <summary>Whether the text continues with <paramref name="value"/>.</summary>
    public bool StartsWith(string value) => string.CompareOrdinal(text, _at, value, 0, value.Length) == 0;

    /// <summary>Returns the character at the position and moves on.</summary>
    public char Take() => End ? throw Broken("a quoted text is not closed") : text[_at++];

    /// <summary>Returns the text between <paramref name="start"/> and the position.</summary>
    public string Since(int start) => text.Substring(start, _at - start);

    /// <summary>
    /// Reads a line end inside a scalar: it becomes a space, unless empty lines follow; then each of these becomes a line end.
    /// </summary>
    public string Fold()
    {
        string first = TakeBreak();
        string more = TakeBreaks();
        return first != "\n" ? first + more : more.Length == 0 ? " " : more;
    }

    /// <summary>Skips blanks and empty lines, and returns the line ends.</summary>
    public string TakeBreaks()
    {
        var breaks = new StringBuilder();
        SkipBlanks();
        while (AtBreak)
        {
            breaks.Append(TakeBreak());
            SkipBlanks();
        }

        return breaks.ToString();
    }

    /// <summary>Reads one line end of any kind.</summary>
    public string TakeBreak()
    {
        char c = Take();
        if (c == '\r' && !End && Here == '\n')
            _at++;
        return c is '\u2028' or '\u2029' ? c.ToString() : "\n";
    }

    /// <summary>Skips blanks.</summary>
    public void SkipBlanks()
    {
        while (!End && IsBlank(Here))
            _at++;
    }

    /// <summary>Skips the rest of the line.</summary>
    public void SkipLine()
    {
        while (!End && !AtBreak)
            _at++;
        if (!End)
            TakeBreak();
    }

    /// <summary>The line number, from 1.</summary>
    public int Line
    {
        get
        {
            int line = 1;
            for (int i = text.IndexOf('\n'); i >= 0 && i < _at; i = text.IndexOf('\n', i + 1))
                line++;
            return line;
        }
    }

    /// <summary>Creates the error for unreadable text at the position.</summary>
    public FormatException Broken(string what) => new($"line {Line}: {what}");

    /// <summary>Whether the character is a blank.</summary>
    public static bool IsBlank(char c) => c is ' ' or '\t';

    private static bool IsBreak(char c) => c is '\n' or '\r' or '\u0085' or '\u2028' or '\u2029';
}
