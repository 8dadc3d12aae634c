using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The page where a user signs in with a browser (<c>/oidc/v1/authorize</c>), and the codes and refresh tokens for it, each valid once. The
/// only client is that of the Databricks CLI, with its registered redirects.
/// </summary>
internal sealed class BrowserSignIn(WorkspaceOptions options)
{
    private const string Client = "databricks-cli";

    private static readonly string[] Redirects = [.. Enumerable.Range(8020, 21).Select(port => $"http://localhost:{port}")];

    private readonly Dictionary<string, (string Challenge, string RedirectUri)> _codes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refreshTokens = new(StringComparer.Ordinal);
    private readonly List<string> _secrets = [];

    /// <summary>All codes and refresh tokens issued so far.</summary>
    public IReadOnlyList<string> Secrets
    {
        get
        {
            lock (_codes)
                return [.. _secrets];
        }
    }

    /// <summary>Ends all sign-ins: all refresh tokens become invalid.</summary>
    public void Revoke()
    {
        lock (_codes)
            _refreshTokens.Clear();
    }

    /// <summary>Returns whether a path is that of the page, of a workspace or an account.</summary>
    public static bool Holds(string path) =>
        path.StartsWith("/oidc/", StringComparison.Ordinal) && path.EndsWith("/v1/authorize", StringComparison.Ordinal);

    /// <summary>Shows the page, and handles the user's decision.</summary>
    public async Task HandleAsync(HttpContext context, RecordedRequest recorded)
    {
        IQueryCollection query = context.Request.Query;
        if (Objection(query) is { } objection)
        {
            // An unregistered redirect is not used.
            string page = $"<!doctype html><title>Error</title><p>{WebUtility.HtmlEncode(objection)}";
            await Answers.WriteAsync(context, 400, Answers.Html, page);
            return;
        }

        string? decision = options.Decision ?? QueryHelpers.ParseQuery(recorded.BodyText).GetValueOrDefault("decision");
        if (decision is null)
        {
            await Answers.WriteAsync(context, 200, Answers.Html, $"""
                <!doctype html><link rel="icon" href="data:,"><title>Sign in</title>
                <p>{WebUtility.HtmlEncode(options.UserName)}, may Databricks CLI use this workspace?
                <form method="post">
                <button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button>
                </form>
                """);
            return;
        }

        string redirect = query["redirect_uri"].ToString();
        var fields = new Dictionary<string, string?> { ["state"] = query["state"].ToString() };
        if (decision == "allow")
            fields["code"] = NewCode(query["code_challenge"].ToString(), redirect);
        else
            (fields["error"], fields["error_description"]) = ("access_denied", options.Denial);
        context.Response.Redirect(QueryHelpers.AddQueryString(redirect, fields));
    }

    /// <summary>Returns whether a token request is a user's: with a code or a refresh token.</summary>
    public static bool Takes(Dictionary<string, string> form) =>
        form.GetValueOrDefault("grant_type") is "authorization_code" or "refresh_token";

    /// <summary>Returns a refresh token for the code or the refresh token in a form; null and the reason if it is not valid.</summary>
    public (string? RefreshToken, string Reason) Redeem(Dictionary<string, string> form)
    {
        if (form.GetValueOrDefault("client_id") != Client)
            return (null, "The client is unknown");
        lock (_codes)
        {
            if (form["grant_type"] == "refresh_token")
            {
                bool holds = _refreshTokens.Remove(form.GetValueOrDefault("refresh_token", ""));
                return holds ? (NewRefreshToken(), "") : (null, "Refresh token is invalid");
            }

            if (!_codes.Remove(form.GetValueOrDefault("code", ""), out (string Challenge, string RedirectUri) given))
                return (null, "The authorization code is invalid or was used before");
            string verifier = form.GetValueOrDefault("code_verifier", "");
            string challenge = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
            if (verifier.Length is < 43 or > 128 || challenge != given.Challenge)
                return (null, "The code verifier does not match");
            bool isSame = form.GetValueOrDefault("redirect_uri") == given.RedirectUri;
            return isSame ? (NewRefreshToken(), "") : (null, "The redirect URI is another one");
        }
    }

    private string? Objection(IQueryCollection query) =>
        query["client_id"] != Client ? "The client is unknown"
        : !Redirects.Contains(query["redirect_uri"].ToString()) ? "The redirect URI is not registered"
        : query["response_type"] != "code" ? "The response type is not code"
        : query["scope"] != $"{options.Scope} offline_access" ? "The scope is invalid"
        : query["code_challenge_method"] != "S256" || query["code_challenge"].ToString().Length != 43 ? "PKCE with S256 is needed"
        : query["state"].ToString().Length < 22 ? "The state is too short"
        : null;

    private string NewCode(string challenge, string redirect)
    {
        lock (_codes)
        {
            string code = $"code-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}";
            _codes[code] = (challenge, redirect);
            _secrets.Add(code);
            return code;
        }
    }

    private string NewRefreshToken()
    {
        string token = $"refresh-{Convert.ToHexString(RandomNumberGenerator.GetBytes(16))}";
        _refreshTokens.Add(token);
        _secrets.Add(token);
        return token;
    }
}
