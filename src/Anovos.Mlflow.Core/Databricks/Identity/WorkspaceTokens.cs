using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Fetches tokens from the workspace itself, for a service principal's secret or in exchange for another issuer's token.</summary>
internal sealed class WorkspaceTokens(TokenEndpoint endpoint, DatabricksConfig config)
{
    private readonly OidcEndpoints _endpoints = new(endpoint, config);

    /// <summary>Fetches a token with a secret (OAuth machine to machine).</summary>
    public async Task<AccessToken> FromSecretAsync(string secret, CancellationToken cancellationToken)
    {
        OidcDocument server = await _endpoints.FindAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<string, string> form = new() { ["grant_type"] = "client_credentials" };
        return await FetchAsync(server, form, (config["client_id"]!, secret), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Exchanges an existing JWT (token federation). Masks it before the first request, which may fail.</summary>
    public Task<AccessToken> FromJwtAsync(string jwt, CancellationToken cancellationToken)
    {
        endpoint.Hide(jwt);
        return FromJwtAsync((_, _) => Task.FromResult(jwt), cancellationToken);
    }

    /// <summary>Exchanges a JWT from an issuer that the workspace trusts (token federation, RFC 8693).</summary>
    /// <param name="fetch">Fetches the JWT for an audience.</param>
    /// <param name="cancellationToken">Cancels the requests.</param>
    public async Task<AccessToken> FromJwtAsync(Func<string, CancellationToken, Task<string>> fetch, CancellationToken cancellationToken)
    {
        OidcDocument server = await _endpoints.FindAsync(cancellationToken).ConfigureAwait(false);
        string jwt = await fetch(server.FederationAudience ?? server.TokenEndpoint.AbsoluteUri, cancellationToken).ConfigureAwait(false);
        Dictionary<string, string> form = new()
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:jwt",
            ["subject_token"] = jwt,
        };

        // Without a client id, this uses the account-wide federation policy.
        if (config["client_id"] is { } client)
            form["client_id"] = client;
        return await FetchAsync(server, form, client: null, cancellationToken).ConfigureAwait(false);
    }

    private async Task<AccessToken> FetchAsync(
        OidcDocument server, Dictionary<string, string> form, (string Id, string Secret)? client, CancellationToken cancellationToken)
    {
        form["scope"] = string.Join(" ", Scopes.Of(config));
        JsonElement response = await endpoint.PostFormAsync(server.TokenEndpoint, form, client, cancellationToken).ConfigureAwait(false);
        return endpoint.Read(response, server.TokenEndpoint);
    }
}
