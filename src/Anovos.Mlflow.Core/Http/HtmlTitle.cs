using System.Net;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>The title of a web page that came in place of JSON.</summary>
internal static class HtmlTitle
{
    private const int MostCharacters = 200;
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    private static readonly Regex Title = new(@"<(?<tag>title|h1|pre)\b[^>]*>(?<text>.*?)</\k<tag>\s*>", Options);

    /// <summary>True if a body is a page. A basic-auth app's bare text is none, though its type is HTML.</summary>
    public static bool IsPage(string? contentType, string body) =>
        body.TrimStart('\uFEFF', ' ', '\t', '\r', '\n').StartsWith("<", StringComparison.Ordinal)
        || (contentType?.Contains("html") == true && Title.IsMatch(body));

    /// <summary>The title without the status; empty if there is none.</summary>
    public static string Of(string body, int status)
    {
        string text = Title.Match(body).Groups["text"].Value;
        text = WebUtility.HtmlDecode(Regex.Replace(text, @"(?:<[^>]*>|\s)+", " "));
        text = Regex.Replace(text, $@"\A\s*(?:(?:HTTP|Error|Status)\s+)*{status}\b[\s:|,.-]*", "", Options).Trim();
        return text.Length > MostCharacters ? text.Substring(0, MostCharacters) + "…" : text;
    }
}
