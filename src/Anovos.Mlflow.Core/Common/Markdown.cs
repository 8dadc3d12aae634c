using System.Text;

namespace Anovos.Mlflow;

/// <summary>Embeds untrusted text in Markdown.</summary>
internal static class Markdown
{
    private const int Longest = 200;

    /// <summary>
    /// Returns the text as literal text for a line, a table or a link. Nothing in it acts as Markdown, HTML or a link; secrets are masked.
    /// </summary>
    public static string Text(string text, int longest = Longest)
    {
        string clean = SafeText.Of(Secrets.Clean(text));
        var result = new StringBuilder();
        foreach (char c in clean.Length <= longest ? clean : clean.Substring(0, longest) + "…")
        {
            // A numeric character reference is literal text, never markup (CommonMark, "Entity and numeric character references").
            if (c < 0x80 && (char.IsPunctuation(c) || char.IsSymbol(c)) && c is not ('-' or ',' or '(' or ')' or '/' or '.' or '\''))
                result.Append("&#").Append((int)c).Append(';');
            else
                result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>Returns a link, or only the text if the address is not an http(s) URL.</summary>
    public static string Link(string text, string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
            ? $"[{Text(text)}]({uri.AbsoluteUri.Replace("(", "%28").Replace(")", "%29")})"
            : Text(text);
}
