using System.Net;
using System.Text;

namespace Anovos.Mlflow.Databricks;

/// <summary>The pages that the browser shows at the end of a sign-in. They load no resources, and all text in them is escaped.</summary>
internal static class LoginPage
{
    /// <summary>For a request that does not belong to the sign-in.</summary>
    public static string NotForThis { get; } = Page(
        "Not this sign-in", "This address is for a sign-in that PowerShell has started, and the request does not belong to it.");

    /// <summary>For a second redirect.</summary>
    public static string UsedAlready { get; } = Page(
        "Already used", "This sign-in was already used. Start another one in PowerShell if you need it.");

    /// <summary>For a successful sign-in.</summary>
    public static string SignedIn(string host) => Page("Signed in", $"PowerShell is signed in to {host}. You can close this page.");

    /// <summary>For a failed sign-in.</summary>
    public static string Failed(string host, string reason) => Page("Not signed in", $"PowerShell is not signed in to {host}: {reason}");

    /// <summary>Creates the HTTP response with a page. The code in the page's address is not sent to any other server.</summary>
    public static byte[] Response(int status, string page)
    {
        byte[] body = Encoding.UTF8.GetBytes(page);
        string head = $"HTTP/1.1 {status} {(status == 200 ? "OK" : "Refused")}\r\n"
            + $"Content-Type: text/html; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n"
            + "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
            + "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    private static string Page(string title, string text) =>
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\">"
        + $"<title>{WebUtility.HtmlEncode(title)}</title>\n"
        + "<style>body { font: 16px/1.5 sans-serif; max-width: 40em; margin: 4em auto; padding: 0 1em }</style></head>\n"
        + $"<body><h1>{WebUtility.HtmlEncode(title)}</h1>\n<p>{WebUtility.HtmlEncode(SafeText.Of(text))}</p></body>\n</html>\n";
}
