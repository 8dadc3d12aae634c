using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Where the tokens of a workspace's users come from.</summary>
internal sealed class TokenSources(DatabricksConfig config, ConnectionOptions options, Func<DateTimeOffset> clock, BrowserLogin? login)
{
    private readonly TokenEndpoint _endpoint = new(options, clock);

    public WorkspaceTokens Workspace => new(_endpoint, config.Host, config["client_id"]);

    public PipelineToken Pipeline => new(_endpoint, config);

    // A proxy could not reach the machine's own endpoint, and must not see what it says.
    public ManagedIdentity Machine => new(new TokenEndpoint(options with { NoProxy = "*" }, clock), config.Setting);

    public AzureCli Cli => new(config.Setting, clock);

    public Func<string, CancellationToken, Task<AccessToken>> Browser
    {
        get
        {
            login!.Use(config, Workspace, _endpoint);
            return (_, cancellationToken) => login.FetchTokenAsync(cancellationToken);
        }
    }

    public EntraTokens Entra(string tenant, string clientId) => new(_endpoint, config.Cloud!.Authority, tenant, clientId);
}
