using System.Globalization;
using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads a quoted YAML scalar, folded or not, with the escapes of YAML 1.1.</summary>
internal static class YamlQuoted
{
    private const string EscapeNames = "0abtnvfre_NLP";
    private const string EscapeValues = "\0\a\b\t\n\v\f\r\u001b\u00a0\u0085\u2028\u2029";

    /// <summary>Reads the text. The cursor is on the opening quote before, and after the closing quote afterwards.</summary>
    /// <exception cref="FormatException">The text is not closed, or has an unknown escape.</exception>
    public static string Read(YamlCursor cursor)
    {
        char quote = cursor.Take();
        var value = new StringBuilder();
        int kept = 0; // Text before this came from an escape or an earlier line: it is not trimmed at a line's end.
        while (true)
        {
            if (cursor.AtBreak)
            {
                while (value.Length > kept && YamlCursor.IsBlank(value[value.Length - 1]))
                    value.Length--;
                value.Append(cursor.Fold());
                kept = value.Length;
                continue;
            }

            char c = cursor.Take();
            if (c == '\\' && quote == '"')
            {
                value.Append(Escape(cursor));
                kept = value.Length;
            }
            else if (c != quote)
                value.Append(c);
            else if (quote == '\'' && !cursor.End && cursor.Here == '\'')
                value.Append(cursor.Take());
            else
                return value.ToString();
        }
    }

    private static string Escape(YamlCursor cursor)
    {
        if (cursor.AtBreak)
        {
            cursor.TakeBreak();
            return cursor.TakeBreaks();
        }

        char c = cursor.Take();
        int named = EscapeNames.IndexOf(c);
        if (named >= 0)
            return EscapeValues[named].ToString();
        return c switch
        {
            'x' => Code(cursor, 2),
            'u' => Code(cursor, 4),
            'U' => Code(cursor, 8),
            ' ' or '\t' or '"' or '/' or '\\' => c.ToString(),
            _ => throw cursor.Broken($"'\\{c}' is not an escape"),
        };
    }

    private static string Code(YamlCursor cursor, int digits)
    {
        int start = cursor.Position;
        for (int i = 0; i < digits; i++)
            cursor.Take();
        if (!int.TryParse(cursor.Since(start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || code is < 0 or > 0x10FFFF)
        {
            throw cursor.Broken("an escape has an invalid code");
        }

        return code <= char.MaxValue ? ((char)code).ToString() : char.ConvertFromUtf32(code);
    }
}
