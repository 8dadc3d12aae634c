using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>A filter or an order that is parsed from left to right.</summary>
/// <param name="text">The user's text.</param>
/// <param name="what">The kind of text, for messages: "filter", "order".</param>
internal sealed class SearchText(string text, string what)
{
    private int _at;

    /// <summary>Returns the filter to send to a server: null for an empty one, which matches everything.</summary>
    public static string? NullIfEmpty(string? filter) => string.IsNullOrWhiteSpace(filter) ? null : filter;

    /// <summary>The position of the next token. Reading it skips the blanks before the token.</summary>
    public int Position
    {
        get
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
            return _at;
        }
    }

    /// <summary>Whether only blanks are left.</summary>
    public bool End => Position == text.Length;

    /// <summary>The character at the current position, which may be a blank; NUL at the end.</summary>
    public char Next => _at < text.Length ? text[_at] : '\0';

    /// <summary>Skips the symbol if it is next.</summary>
    public bool TrySymbol(string symbol)
    {
        if (End || string.CompareOrdinal(text, _at, symbol, 0, symbol.Length) != 0)
            return false;
        _at += symbol.Length;
        return true;
    }

    /// <summary>Skips the word, in upper or lower case, if it is next.</summary>
    public bool TryWord(string word)
    {
        int start = Position;
        if (string.Equals(Word(), word, StringComparison.OrdinalIgnoreCase))
            return true;
        _at = start;
        return false;
    }

    /// <summary>Reads letters, digits and underscores; empty if there are none.</summary>
    public string Word() => TakeWhile(c => char.IsLetterOrDigit(c) || c == '_');

    /// <summary>Reads a word that may contain periods.</summary>
    public string DottedWord() => TakeWhile(c => char.IsLetterOrDigit(c) || c is '_' or '.');

    /// <summary>Reads a text in quotes; null if there is no quote of these kinds.</summary>
    public string? Quoted(string quotes)
    {
        if (End)
            return null;
        char quote = Next;
        if (quotes.IndexOf(quote) < 0)
            return null;
        int close = text.IndexOf(quote, _at + 1);
        if (close < 0)
            throw Fail($"the quote {quote} is not closed");
        string quoted = text.Substring(_at + 1, close - _at - 1);
        _at = close + 1;
        return quoted;
    }

    /// <summary>Reads a number.</summary>
    public double Number(bool whole)
    {
        int start = Position;
        string number = TakeWhile(c => c is >= '0' and <= '9' or '.' or '+' or '-' or 'e' or 'E');
        NumberStyles style = whole ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (Floats.TryRead(number, style, out double value))
            return value;
        throw Fail(whole ? "a whole number is expected, without quotes" : "a number is expected, without quotes", start);
    }

    /// <summary>Creates the error for the current position, or for the given one.</summary>
    public MlflowException Fail(string why, int? at = null)
    {
        int start = at ?? Position;
        string place = start == text.Length ? "at its end" : $"at position {start + 1}, '{text.Substring(start, Math.Min(20, text.Length - start))}'";
        return new MlflowException(ErrorKind.InvalidValue, $"The {what} \"{text}\" cannot be read {place}: {why}.") { Target = text };
    }

    private string TakeWhile(Func<char, bool> fits)
    {
        int start = Position;
        while (_at < text.Length && fits(text[_at]))
            _at++;
        return text.Substring(start, _at - start);
    }
}
