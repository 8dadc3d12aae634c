using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Signs in to a workspace in the user's browser, with OAuth's authorization code and PKCE (RFC 7636, 8252), like the Databricks CLI.
/// The tokens are kept in memory only.
/// </summary>
/// <param name="show">
/// Shows the user the address of the sign-in page. Also receives the local port that the browser is redirected to.
/// </param>
public sealed class BrowserLogin(Action<Uri, int> show)
{
    /// <summary>The name of this method in Databricks' SDKs (<c>auth_type</c>).</summary>
    internal const string Method = "external-browser";

    /// <summary>The parameter that selects it.</summary>
    internal const string Source = "-Interactive";

    // The public client that is registered in every workspace.
    private const string ClientId = "databricks-cli";

    private OidcEndpoints _endpoints = null!;
    private TokenEndpoint _endpoint = null!;
    private string _host = "";
    private string _scope = "";
    private Uri? _address;
    private AccessToken? _unused;
    private string? _refreshToken;

    /// <summary>How long the user has to sign in.</summary>
    internal TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Throws if nobody could use the browser: in a pipeline, on a cluster, in a non-interactive PowerShell.</summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="hasUser">Whether this PowerShell is interactive.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/>; the message names what to use instead.</exception>
    public static void ThrowIfUnattended(Func<string, string?> environment, bool hasUser)
    {
        (string Where, string Instead)? unattended =
            IsSet("TF_BUILD") ? ("This is a job of Azure Pipelines",
                "Set DATABRICKS_CLIENT_ID and give the task SYSTEM_ACCESSTOKEN (azure-devops-oidc), or use a service connection "
                + "(azure-devops-oidc-azure)")
            : IsSet("GITHUB_ACTIONS") ? ("This is a job of GitHub Actions",
                "Set DATABRICKS_CLIENT_ID and give the job the permission id-token: write (github-oidc)")
            : IsSet("CI") ? ("This is a job of a pipeline (CI is set)",
                "Set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET of a service principal (oauth-m2m)")
            : environment("DATABRICKS_RUNTIME_VERSION") is { Length: > 0 } ? ("This is a Databricks cluster",
                "Set DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET of a service principal (oauth-m2m)")
            : !hasUser ? ("This PowerShell is not interactive",
                "Give -Token, or set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET of a service principal (oauth-m2m)")
            : null;
        if (unattended is var (where, instead))
        {
            throw new MlflowException(ErrorKind.AuthenticationFailed, $"{where}, so nobody can sign in with a browser. {instead}.")
            { Target = Source };
        }

        bool IsSet(string name) => environment(name) is { } value && value.Trim().ToUpperInvariant() is "TRUE" or "1";
    }

    /// <summary>Lets the user sign in, and waits for up to five minutes.</summary>
    /// <param name="cancellationToken">Cancels the sign-in.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/>: refused, not finished in time, or no port is free.
    /// </exception>
    public async Task SignInAsync(CancellationToken cancellationToken)
    {
        OidcDocument server = await _endpoints.FindAsync(cancellationToken).ConfigureAwait(false);
        Uri authorize = server.AuthorizationEndpoint;
        if (authorize.Scheme != Uri.UriSchemeHttps && !authorize.IsLoopback)
        {
            throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{authorize.GetLeftPart(UriPartial.Path)} is not an https address, and passwords must not be sent there. "
                + "Check DATABRICKS_HOST.")
            { Target = _host };
        }

        _address = server.TokenEndpoint;
        string verifier = Random(64), state = Random(32);
        _endpoint.Hide(verifier);
        using LoginListener listener = LoginListener.Start(state);
        show(PageOf(authorize, listener.RedirectUri, state, verifier), listener.Port);
        LoginRedirect redirect = await WaitAsync(listener, cancellationToken).ConfigureAwait(false);
        try
        {
            if (redirect.Code is null)
            {
                string why = redirect.Description is null ? "" : $": {redirect.Description.TrimEnd('.')}";
                throw new MlflowException(ErrorKind.AuthenticationFailed, $"{_host} did not sign you in ({redirect.Error}){why}.")
                { Target = _host, ErrorCode = redirect.Error };
            }

            await FetchAsync(new()
            {
                ["grant_type"] = "authorization_code",
                ["code"] = redirect.Code,
                ["code_verifier"] = verifier,
                ["redirect_uri"] = listener.RedirectUri,
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e)
        {
            await listener.ShowAsync(400, LoginPage.Failed(_host, e.Message)).ConfigureAwait(false);
            throw;
        }

        await listener.ShowAsync(200, LoginPage.SignedIn(_host)).ConfigureAwait(false);
    }

    /// <summary>Names the workspace to sign in to.</summary>
    internal void Use(DatabricksConfig config, OidcEndpoints endpoints, TokenEndpoint endpoint)
    {
        _scope = string.Join(" ", Scopes.Of(config).Append(Scopes.Refresh).Distinct());
        (_endpoints, _endpoint, _host) = (endpoints, endpoint, config.Host.Host);
    }

    /// <summary>Returns the token of the sign-in; later, a refreshed one.</summary>
    internal async Task<AccessToken> FetchTokenAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _unused, null) is { } token)
            return token;
        if (_refreshToken is not { } refreshToken)
            throw Ended("the workspace returned no refresh token");
        try
        {
            Dictionary<string, string> form = new() { ["grant_type"] = "refresh_token", ["refresh_token"] = refreshToken };
            await FetchAsync(form, cancellationToken).ConfigureAwait(false);
            return Interlocked.Exchange(ref _unused, null)!;
        }
        catch (MlflowException e) when (e is { IsTransient: false, StatusCode: 400 or 401 or 403 })
        {
            throw e.Rewrap(Ended(e.Message.TrimEnd('.')).Message);
        }
    }

    /// <summary>Creates the error for a store that is not a workspace.</summary>
    internal static MlflowException NotFor(string uri) => new(
        ErrorKind.InvalidValue,
        $"{Source} signs in to a Databricks workspace, but {uri} does not name one. Name the workspace in DATABRICKS_HOST and connect to "
        + "databricks, or to a profile with -Profile.")
    { Target = uri };

    private static MlflowException Ended(string why) => new(
        ErrorKind.AuthenticationFailed,
        $"The sign-in with the browser has ended: {why}. Sign in again with Connect-Mlflow {Source}.");

    private static string Random(int bytes)
    {
        byte[] random = new byte[bytes];
        using (RandomNumberGenerator generator = RandomNumberGenerator.Create())
            generator.GetBytes(random);
        return Base64Url(random);
    }

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private Uri PageOf(Uri authorize, string redirectUri, string state, string verifier)
    {
        using var sha = SHA256.Create();
        (string Name, string Value)[] fields =
        [
            ("response_type", "code"), ("client_id", ClientId), ("redirect_uri", redirectUri), ("scope", _scope), ("state", state),
            ("code_challenge", Base64Url(sha.ComputeHash(Encoding.ASCII.GetBytes(verifier)))), ("code_challenge_method", "S256"),
        ];
        string query = string.Join("&", fields.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"));
        return new UriBuilder(authorize) { Query = authorize.Query.Length > 1 ? $"{authorize.Query.Substring(1)}&{query}" : query }.Uri;
    }

    private async Task<LoginRedirect> WaitAsync(LoginListener listener, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            return await listener.WaitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"Nobody signed in to {_host} within {Limit.TotalMinutes:0.##} minutes. Run Connect-Mlflow {Source} again, or sign in "
                + "another way.")
            { Target = _host };
        }
    }

    private async Task FetchAsync(Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        form["client_id"] = ClientId;
        JsonElement response = await _endpoint.PostFormAsync(_address!, form, client: null, cancellationToken).ConfigureAwait(false);
        AccessToken token = _endpoint.Read(response, _address!);

        // Databricks returns a new refresh token each time, and accepts each only once.
        if (TokenEndpoint.Text(response, "refresh_token") is { Length: > 0 } refreshToken)
        {
            _endpoint.Hide(refreshToken);
            _refreshToken = refreshToken;
        }

        _unused = token;
    }
}
