using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Makes untrusted text, such as a file name or a server's message, safe for terminals and build logs.</summary>
public static class SafeText
{
    // Commands that a build agent executes: Azure's ##vso[…] and ##[…], TeamCity's ##teamcity[…] anywhere in a line, GitHub's ::command
    // at the start of a line, which can also be where a long text is wrapped.
    private static readonly Regex Command = new(@"##(?=\w*\[)|(?<=^|\s)::(?=[A-Za-z])", RegexOptions.CultureInvariant);

    /// <summary>
    /// Replaces every control character with a visible form (a line feed with <c>␊</c>, an escape with <c>␛</c>, others in the form
    /// <c>\u202E</c>), and inserts a space into the beginning of build agent commands. Harmless text is returned unchanged.
    /// </summary>
    public static string Of(string? text)
    {
        if (text is null)
            return "";
        string visible = text;
        for (int i = 0; i < text.Length; i++)
        {
            if (!IsHarmful(text, i))
                continue;
            visible = Replace(text, i);
            break;
        }

        return visible.IndexOf("##", StringComparison.Ordinal) < 0 && visible.IndexOf("::", StringComparison.Ordinal) < 0
            ? visible
            : Command.Replace(visible, match => $"{match.Value[0]} {match.Value[1]}");
    }

    private static string Replace(string text, int first)
    {
        var result = new StringBuilder(text, 0, first, text.Length + 16);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (!IsHarmful(text, i))
                result.Append(c);
            else if (c < 0x20)
                result.Append((char)(0x2400 + c));
            else if (c == 0x7F)
                result.Append('\u2421');
            else
                result.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }

    // Format characters reverse the reading direction or are invisible; half a surrogate pair is not valid text.
    private static bool IsHarmful(string text, int index)
    {
        char c = text[index];
        if (c is >= ' ' and < '\x7F')
            return false;
        if (char.IsHighSurrogate(c))
            return index + 1 == text.Length || !char.IsLowSurrogate(text[index + 1]);
        if (char.IsLowSurrogate(c))
            return index == 0 || !char.IsHighSurrogate(text[index - 1]);
        return CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }
}
