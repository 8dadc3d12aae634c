using System.Net;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>Reads the title of a web page that was returned instead of JSON.</summary>
internal static class HtmlTitle
{
    private const int MostCharacters = 200;
    private const RegexOptions Options = RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline;

    private static readonly Regex Title = new(@"<(?<tag>title|h1|pre)\b[^>]*>(?<text>.*?)</\k<tag>\s*>", Options);

    /// <summary>True if a body is a web page. The plain text of a basic-auth app is not, although its content type is HTML.</summary>
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
