using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Tokens that the workspace itself gives out: for a service principal's secret, or in exchange for another's token.</summary>
internal sealed class WorkspaceTokens(TokenEndpoint endpoint, Uri workspace, string? clientId)
{
    /// <summary>The scope where none is configured.</summary>
    public const string Scope = "all-apis";

    /// <summary>OAuth machine to machine.</summary>
    public Task<AccessToken> FromSecretAsync(string secret, CancellationToken cancellationToken) =>
        FetchAsync(new() { ["grant_type"] = "client_credentials" }, secret, cancellationToken);

    /// <summary>Token federation: the workspace trusts who issued <paramref name="jwt"/> (RFC 8693).</summary>
    public Task<AccessToken> FromJwtAsync(string jwt, CancellationToken cancellationToken)
    {
        Dictionary<string, string> form = new()
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:jwt",
            ["subject_token"] = jwt,
        };

        // Without one it is the federation of the whole account.
        if (clientId is not null)
            form["client_id"] = clientId;
        return FetchAsync(form, secret: null, cancellationToken);
    }

    /// <summary>The addresses for signing in in a browser and for tokens (RFC 8414).</summary>
    public async Task<(Uri Authorize, Uri Token)> DiscoverAsync(CancellationToken cancellationToken)
    {
        var discovery = new Uri(workspace, "oidc/.well-known/oauth-authorization-server");
        var request = new HttpRequestMessage(HttpMethod.Get, discovery);
        JsonElement found = await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return (Address("authorization_endpoint"), Address("token_endpoint"));

        Uri Address(string name) => Uri.TryCreate(TokenEndpoint.Text(found, name), UriKind.Absolute, out Uri? address)
            ? address
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{discovery} names no {name.Replace('_', ' ')}, as a Databricks workspace does. Check DATABRICKS_HOST.")
                { Target = workspace.Host };
    }

    private async Task<AccessToken> FetchAsync(Dictionary<string, string> form, string? secret, CancellationToken cancellationToken)
    {
        endpoint.Hide(secret, form.TryGetValue("subject_token", out string? jwt) ? jwt : null);
        (_, Uri address) = await DiscoverAsync(cancellationToken).ConfigureAwait(false);
        form["scope"] = Scope;
        return endpoint.Read(await endpoint.PostFormAsync(address, form, secret is null ? null : (clientId!, secret), cancellationToken).ConfigureAwait(false), address);
    }
}
