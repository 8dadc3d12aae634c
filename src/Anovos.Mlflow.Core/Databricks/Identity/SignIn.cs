using System.Net.Http.Headers;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Signs in to a workspace with one method, caches its tokens, and adds them to requests.</summary>
internal sealed class SignIn
{
    private const string ResourceIdHeader = "X-Databricks-Azure-Workspace-Resource-Id";
    private const string ManagementHeader = "X-Databricks-Azure-SP-Management-Token";

    // A unified host serves many workspaces. Databricks' SDKs send the first header, MLflow's client the second.
    private static readonly string[] WorkspaceHeaders = ["X-Databricks-Workspace-Id", "x-databricks-org-id"];

    private readonly DatabricksConfig _config;
    private readonly TokenCache _tokens;
    private readonly TokenCache? _management;

    public SignIn(IdentityMethod method, DatabricksConfig config, ConnectionOptions options, Func<DateTimeOffset> clock)
    {
        (Method, _config) = (method, config);
        TokenFetch fetch = method.Fetch(config, new TokenSources(config, options, clock));
        _tokens = new TokenCache(token => FetchAsync(AzureCloud.DatabricksResource, token), clock);

        // For a principal that is not yet a user of the workspace. The token grants access to the subscription, so it is sent only if the
        // resource id is set.
        if (method.IsOfAzure && config["azure_workspace_resource_id"] is not null)
            _management = new TokenCache(token => FetchAsync(config.Cloud!.Management, token), clock);

        async Task<AccessToken> FetchAsync(string resource, CancellationToken cancellationToken)
        {
            AccessToken token = await fetch(resource, cancellationToken).ConfigureAwait(false);
            options.Redactor.Add(token.Value);
            return token;
        }
    }

    /// <summary>The method.</summary>
    public IdentityMethod Method { get; }

    /// <summary>Adds the headers to a request.</summary>
    /// <exception cref="NotSignedInException">No user is signed in to the method's program.</exception>
    public async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        AccessToken token = await _tokens.GetAsync(cancellationToken).ConfigureAwait(false);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Sendable(token.Value));
        if (_config["workspace_id"] is { } workspace)
        {
            foreach (string name in WorkspaceHeaders)
                Set(name, workspace);
        }

        if (_management is null)
            return;
        Set(ResourceIdHeader, _config["azure_workspace_resource_id"]!);

        // A user in Entra ID has a user name, and the workspace knows the user by it.
        if (Jwt.Claims(token.Value) is { } claims && claims.TryGetProperty("upn", out _))
            return;
        try
        {
            AccessToken management = await _management.GetAsync(cancellationToken).ConfigureAwait(false);
            Set(ManagementHeader, Sendable(management.Value));
        }
        catch (NotSignedInException)
        {
            // The workspace may know the identity without this token. If not, it refuses the request.
        }

        void Set(string name, string value)
        {
            request.Headers.Remove(name);
            request.Headers.Add(name, value);
        }
    }

    /// <summary>Forgets the tokens of a rejected request; returns true if new ones are available.</summary>
    public bool Forget(HttpRequestMessage refused)
    {
        if (!Method.IsRenewable || refused.Headers.Authorization?.Parameter is not { } token)
            return false;
        _tokens.Forget(token);
        if (_management is not null && refused.Headers.TryGetValues(ManagementHeader, out IEnumerable<string>? values))
            _management.Forget(values.Single());
        return true;
    }

    // Otherwise .NET would quote the token in its own error.
    private static string Sendable(string token) => token.Any(character => character is <= ' ' or > '~')
        ? throw new MlflowException(
            ErrorKind.AuthenticationFailed,
            "The token contains a space or a line break; it may have been copied incompletely. Set it again.")
        : token;
}
