namespace Anovos.Mlflow.Identity;

/// <summary>
/// Fetches Entra ID tokens for an application with client credentials: a secret, or an assertion instead. Each is one form sent to one
/// endpoint. Azure.Core has public classes for this (ClientSecretCredential, ClientAssertionCredential,
/// ManagedIdentityCredential, AzurePipelinesCredential), and buckets use its DefaultAzureCredential. Here, they would load MSAL at the
/// first request, which queries login.microsoftonline.com about every other authority; AzureCliCredential starts a shell.
/// </summary>
internal sealed class EntraTokens(TokenEndpoint endpoint, string authority, string tenant, string clientId)
{
    /// <summary>Fetches a token with the application's secret.</summary>
    public Task<AccessToken> FromSecretAsync(string resource, string secret, CancellationToken cancellationToken) =>
        FetchAsync(resource, new() { ["client_secret"] = secret }, cancellationToken);

    /// <summary>Fetches a token with an assertion from an issuer that the application trusts, instead of a secret (RFC 7523).</summary>
    public Task<AccessToken> FromAssertionAsync(string resource, string assertion, CancellationToken cancellationToken) =>
        FetchAsync(resource, new() { ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ["client_assertion"] = assertion }, cancellationToken);

    private async Task<AccessToken> FetchAsync(string resource, Dictionary<string, string> form, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate($"{authority}{Uri.EscapeDataString(tenant)}/oauth2/v2.0/token", UriKind.Absolute, out Uri? address))
            throw new MlflowException(ErrorKind.InvalidValue, "AZURE_AUTHORITY_HOST is not an address. Write it as https://login.microsoftonline.com, or unset it.") { Target = "AZURE_AUTHORITY_HOST" };
        form["grant_type"] = "client_credentials";
        form["client_id"] = clientId;

        // A resource that ends in a slash keeps it, because the token's audience must end in one.
        form["scope"] = $"{resource}/.default";
        return endpoint.Read(await endpoint.PostFormAsync(address, form, client: null, cancellationToken).ConfigureAwait(false), address);
    }
}
