using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Anovos.Mlflow.TestServer;

/// <summary>The token services: the workspace itself, Entra ID, an Azure machine, Azure Pipelines.</summary>
internal sealed class TokenEndpoints(WorkspaceOptions options, TokenIssuer tokens, BrowserSignIn browser) : IWorkspaceEndpoints
{
    public const string WorkspaceAudience = "workspace";

    private const string GitHubIssuer = "github";
    private const string FederationAudience = "api://AzureADTokenExchange";

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        (int status, object body)? answer = path switch
        {
            "/.well-known/databricks-config" when options.ServesHostMetadata => (200, HostMetadata(context.Request)),
            _ when path == $"{OidcPath}/.well-known/oauth-authorization-server" => (200, Discovery(context.Request)),
            _ when path == $"{OidcPath}/v1/token" => Workspace(context.Request, Form(recorded)),
            "/metadata-service" => MetadataService(context.Request),
            "/github/oidctoken" => GitHub(context.Request),
            _ when path.StartsWith("/subscriptions/", StringComparison.Ordinal) => Resource(context.Request, path),
            "/metadata/identity/oauth2/token" => Machine(context.Request, "Metadata", "true", "2018-02-01"),
            "/msi/token" => Machine(context.Request, "X-IDENTITY-HEADER", options.IdentityHeader, "2019-08-01"),
            "/pipeline/oidctoken" => Pipeline(context.Request),
            _ when path == $"/{options.Tenant}/oauth2/v2.0/token" => Entra(Form(recorded)),
            _ => null,
        };
        if (path == "/aad/auth" && options.RedirectsToTenant)
        {
            context.Response.Redirect($"https://login.microsoftonline.com/{options.Tenant}/oauth2/authorize?client_id=app");
            return true;
        }

        if (answer is var (status, body))
            await Answers.WriteAsync(context, status, "application/json", JsonSerializer.Serialize(body));
        return answer != null;
    }

    // A unified host signs in its account's users for all its workspaces.
    private string OidcPath => options.UnifiedWorkspaceId is null ? "/oidc" : $"/oidc/accounts/{options.AccountId}";

    private object HostMetadata(HttpRequest request) => options.UnifiedWorkspaceId is null
        ? new { oidc_endpoint = $"{Host(request)}/oidc", account_id = options.AccountId, workspace_id = "42", host_type = "WORKSPACE_HOST" }
        : new { oidc_endpoint = $"{Host(request)}/oidc/accounts/{{account_id}}", account_id = options.AccountId };

    private object Discovery(HttpRequest request)
    {
        string host = $"{Host(request)}{OidcPath}";
        return new { issuer = host, authorization_endpoint = $"{host}/v1/authorize", token_endpoint = $"{host}/v1/token" };
    }

    private static string Host(HttpRequest request) => $"{request.Scheme}://{request.Host}";

    private static Dictionary<string, string> Form(RecordedRequest recorded) =>
        QueryHelpers.ParseQuery(recorded.BodyText).ToDictionary(pair => pair.Key, pair => pair.Value.ToString());

    private (int Status, object Body) Workspace(HttpRequest request, Dictionary<string, string> form)
    {
        if (BrowserSignIn.Takes(form))
            return User(form);
        if (form.GetValueOrDefault("scope") != options.Scope)
            return (400, new { error = "invalid_scope", error_description = "The scope is invalid" });
        if (form.GetValueOrDefault("grant_type") == "client_credentials")
        {
            string client = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.ClientId}:{options.ClientSecret}"));
            return request.Headers.Authorization == $"Basic {client}" ? Token(WorkspaceAudience)
                : (401, new { error = "invalid_client", error_description = "Client authentication failed" });
        }

        if (form.GetValueOrDefault("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange"
            || form.GetValueOrDefault("subject_token_type") != "urn:ietf:params:oauth:token-type:jwt")
            return (400, new { error = "unsupported_grant_type", error_description = "The grant type is not supported" });

        // A request without a client uses the account's own federation.
        string jwt = form.GetValueOrDefault("subject_token", "");
        string audience = $"{GitHubIssuer} {options.GitHubAudience ?? $"{Host(request)}{OidcPath}/v1/token"}";
        return (tokens.Holds(jwt, FederationAudience) || tokens.Holds(jwt, audience))
            && form.GetValueOrDefault("client_id", options.ClientId) == options.ClientId
            ? Token(WorkspaceAudience)
            : (400, new { error = "invalid_grant", error_description = "No federation policy matches the token" });
    }

    private (int Status, object Body) User(Dictionary<string, string> form)
    {
        (string? refreshToken, string reason) = browser.Redeem(form);
        if (refreshToken is null)
            return (400, new { error = "invalid_grant", error_description = reason });
        string token = tokens.Issue(WorkspaceAudience);
        int lifetime = (int)options.TokenLifetime.TotalSeconds;
        return options.GivesRefreshTokens
            ? (200, new { access_token = token, token_type = "Bearer", expires_in = lifetime, refresh_token = refreshToken })
            : (200, new { access_token = token, token_type = "Bearer", expires_in = lifetime });
    }

    private (int Status, object Body) Entra(Dictionary<string, string> form)
    {
        bool isKnown = form.GetValueOrDefault("client_id") == options.EntraClientId
            && form.GetValueOrDefault("grant_type") == "client_credentials";
        bool hasSecret = form.GetValueOrDefault("client_secret") == options.EntraSecret;
        bool hasAssertion = form.GetValueOrDefault("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            && new[] { $"{FederationAudience} of {options.ServiceConnectionId}", $"{GitHubIssuer} {FederationAudience}" }
                .Any(audience => tokens.Holds(form.GetValueOrDefault("client_assertion", ""), audience));
        if (!isKnown || !(hasSecret || hasAssertion))
            return (401, new { error = "invalid_client", error_description = "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0" });
        return form.GetValueOrDefault("scope") is { } scope && scope.EndsWith("/.default", StringComparison.Ordinal)
            ? Token(scope[..^"/.default".Length])
            : (400, new { error = "invalid_scope", error_description = "AADSTS1002012: The provided value for scope is not valid." });
    }

    // Its numbers are strings.
    private (int Status, object Body) Machine(HttpRequest request, string header, string value, string version)
    {
        if (request.Headers[header] != value || request.Query["api-version"] != version)
            return (400, new { error = "invalid_request", error_description = "Required metadata header not specified" });
        string end = DateTimeOffset.UtcNow.Add(options.TokenLifetime).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        return (200, new { access_token = tokens.Issue(request.Query["resource"].ToString()), expires_on = end, token_type = "Bearer" });
    }

    private (int Status, object Body) Pipeline(HttpRequest request)
    {
        string connection = request.Query["serviceConnectionId"].ToString();
        if (!HttpMethods.IsPost(request.Method) || request.Headers.Authorization != $"Bearer {options.PipelineAccessToken}" || request.Query["api-version"].Count == 0)
            return (401, new { message = "TF400813: The user is not authorized to access this resource." });
        return connection.Length > 0 && connection != options.ServiceConnectionId
            ? (404, new { message = "The service connection does not exist.", typeKey = "ServiceEndpointNotFoundException" })
            : (200, new { oidcToken = tokens.Issue(connection.Length == 0 ? FederationAudience : $"{FederationAudience} of {connection}") });
    }

    // Azure's Resource Manager.
    private (int Status, object Body) Resource(HttpRequest request, string path)
    {
        string token = request.Headers.Authorization.ToString().Split(' ')[^1];
        return !tokens.Holds(token, "https://management.azure.com/")
            ? (401, new { error = new { code = "InvalidAuthenticationToken", message = "The access token is invalid." } })
            : !options.Resources.TryGetValue(path, out string? host) || request.Query["api-version"] != "2018-04-01"
            ? (404, new { error = new { code = "ResourceNotFound", message = "The Resource was not found." } })
            : (200, new { id = path, properties = new { workspaceUrl = host } });
    }

    private (int Status, object Body) GitHub(HttpRequest request) =>
        request.Headers.Authorization != $"Bearer {options.GitHubRequestToken}"
            ? (401, new { message = "Unauthorized" })
            : (200, new { value = tokens.Issue($"{GitHubIssuer} {request.Query["audience"]}") });

    private (int Status, object Body) MetadataService(HttpRequest request)
    {
        if (request.Headers["X-Databricks-Metadata-Version"] != "1")
            return (400, new { message = "unsupported version" });
        if (request.Headers["X-Databricks-Host"] != Host(request))
            return (404, new { message = "not signed in to this host" });
        long end = DateTimeOffset.UtcNow.Add(options.TokenLifetime).ToUnixTimeSeconds();
        return (200, new { access_token = tokens.Issue(WorkspaceAudience), token_type = "Bearer", expires_on = end });
    }

    private (int Status, object Body) Token(string audience) =>
        (200, new { access_token = tokens.Issue(audience), token_type = "Bearer", expires_in = (int)options.TokenLifetime.TotalSeconds });
}
