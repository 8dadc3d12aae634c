using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>The sources of tokens for a workspace.</summary>
internal sealed class TokenSources(DatabricksConfig config, ConnectionOptions options, Func<DateTimeOffset> clock)
{
    private readonly TokenEndpoint _endpoint = new(options, clock);

    // A proxy could not reach the machine's local endpoints, and must not see their responses.
    private readonly TokenEndpoint _machine = new(options with { NoProxy = "*" }, clock);

    public WorkspaceTokens Workspace => new(_endpoint, config);

    public PipelineToken Pipeline => new(_endpoint, config);

    public GitHubToken GitHub => new(_endpoint, config);

    public ManagedIdentity Machine => new(_machine, config.Setting);

    public MetadataService Metadata => new(_machine, config);

    public AzureTenant Tenant => new(_endpoint, config);

    public AzureCli AzureCli => new(config.Setting, Tenant.FindAsync, clock);

    public DatabricksCli DatabricksCli => new(config, clock);

    public TokenFetch Browser
    {
        get
        {
            BrowserLogin login = config.Browser!;
            login.Use(config, new OidcEndpoints(_endpoint, config), _endpoint);
            return (_, cancellationToken) => login.FetchTokenAsync(cancellationToken);
        }
    }

    /// <summary>Creates a source of Entra ID tokens for an application in a tenant; null for the workspace's tenant.</summary>
    public async Task<EntraTokens> EntraAsync(string? tenant, string clientId, CancellationToken cancellationToken) =>
        new(_endpoint, config.Cloud!.Authority, tenant ?? await Tenant.GetAsync(cancellationToken).ConfigureAwait(false), clientId);
}
