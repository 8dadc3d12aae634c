using System.Text.Json;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Finds the OAuth endpoints of a workspace: from <c>DATABRICKS_DISCOVERY_URL</c>, else from the host's
/// <c>/.well-known/databricks-config</c>, else the default endpoints. No request is sent until a token is needed.
/// </summary>
internal sealed class OidcEndpoints(TokenEndpoint endpoint, DatabricksConfig config)
{
    private const string Suffix = ".well-known/oauth-authorization-server";
    private const string AccountId = "{account_id}";

    private bool IsAccount => config.Host.Host.StartsWith("accounts.", StringComparison.OrdinalIgnoreCase)
        || config.Host.Host.StartsWith("accounts-dod.", StringComparison.OrdinalIgnoreCase);

    /// <summary>Fetches the document with the addresses <c>authorization_endpoint</c> and <c>token_endpoint</c>.</summary>
    public async Task<OidcDocument> FindAsync(CancellationToken cancellationToken)
    {
        JsonElement? host = await FindHostAsync(cancellationToken).ConfigureAwait(false);
        string? account = config["account_id"] ?? Text(host, "account_id");
        string? set = config["discovery_url"];
        Uri address = set is null ? Document(Text(host, "oidc_endpoint"), account) : TokenEndpoint.Address(set, "DATABRICKS_DISCOVERY_URL");
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        JsonElement document = await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return new OidcDocument(address, document, Audience(host, account));
    }

    // Hosts without this document use the default endpoints.
    private async Task<JsonElement?> FindHostAsync(CancellationToken cancellationToken)
    {
        try
        {
            var request = new HttpRequestMessage(HttpMethod.Get, new Uri(config.Host, ".well-known/databricks-config"));
            return await endpoint.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.AuthenticationFailed or ErrorKind.ServerError or ErrorKind.NotAnMlflowServer)
        {
            return null;
        }
    }

    private Uri Document(string? named, string? account)
    {
        string place = named is not null && (account is not null || !named.Contains(AccountId)) ? named.Replace(AccountId, account)
            : IsAccount && account is not null ? $"{config.Host}oidc/accounts/{account}"
            : $"{config.Host}oidc";
        return TokenEndpoint.Address($"{place.TrimEnd('/')}/{Suffix}", $"oidc_endpoint of {config.Host.Host}");
    }

    // The account for an account's host; null for a workspace, which uses its token endpoint.
    private string? Audience(JsonElement? host, string? account) =>
        config["token_audience"]
        ?? (host is { } json && json.TryGetProperty("token_federation_default_oidc_audiences", out JsonElement audiences)
            && audiences.ValueKind == JsonValueKind.Array && audiences.GetArrayLength() > 0 ? audiences[0].ToString() : null)
        ?? (host is not null && Text(host, "workspace_id") is null ? account : null);

    private static string? Text(JsonElement? json, string name) => json is { } host ? TokenEndpoint.Text(host, name) : null;
}

/// <summary>The addresses of a workspace's OAuth server.</summary>
/// <param name="Source">The address of the document.</param>
/// <param name="Json">The document.</param>
/// <param name="FederationAudience">The audience of a token to exchange there; null for the token endpoint itself.</param>
internal sealed record OidcDocument(Uri Source, JsonElement Json, string? FederationAudience)
{
    /// <summary>The address that issues tokens.</summary>
    public Uri TokenEndpoint => Address("token_endpoint");

    /// <summary>The page where users sign in.</summary>
    public Uri AuthorizationEndpoint => Address("authorization_endpoint");

    private Uri Address(string name) => Uri.TryCreate(Identity.TokenEndpoint.Text(Json, name), UriKind.Absolute, out Uri? address)
        ? address
        : throw new MlflowException(
            ErrorKind.AuthenticationFailed,
            $"{Source} does not name the {name.Replace('_', ' ')}, as a Databricks workspace would. Check DATABRICKS_HOST.")
        { Target = Source.Host };
}
