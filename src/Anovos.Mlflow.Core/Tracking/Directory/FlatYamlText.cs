using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>Writes a text as a YAML scalar that every reader of YAML 1.1 and 1.2 reads as the same text.</summary>
internal static class FlatYamlText
{
    // Stricter than YAML's rules for plain scalars: a text that begins with a digit may be read as a number (a run id 123e45…).
    private static readonly Regex PlainForm = new(
        @"^[\p{L}_/](?:[\p{L}\p{N}_/.+@%()~-]|:(?=[^ ])| (?=[^ ]))*\z", RegexOptions.CultureInvariant);

    private static readonly Regex Word = new(
        @"^(?:true|false|yes|no|on|off|y|n|null)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>Returns the scalar, on one line.</summary>
    public static string Write(string text)
    {
        if (text.Any(NeedsEscape))
            return DoubleQuoted(text);
        return PlainForm.IsMatch(text) && !text.Contains(" #") && !Word.IsMatch(text) ? text : $"'{text.Replace("'", "''")}'";
    }

    private static string DoubleQuoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                quoted.Append('\\').Append(c);
            else if (c == '\n')
                quoted.Append("\\n");
            else if (c == '\t')
                quoted.Append("\\t");
            else if (NeedsEscape(c))
                quoted.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else
                quoted.Append(c);
        }

        return quoted.Append('"').ToString();
    }

    private static bool NeedsEscape(char c) =>
        char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' or '\uFFFE' or '\uFFFF';
}
