namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The configuration of a Databricks workspace: who can sign in and how, and its content. The token endpoints are on the same server:
/// <c>/oidc</c>, <c>/{tenant}/oauth2/v2.0/token</c> (Entra ID), <c>/metadata/identity/oauth2/token</c> (an Azure machine),
/// <c>/pipeline/oidctoken</c> (Azure Pipelines).
/// </summary>
public sealed record WorkspaceOptions
{
    /// <summary>The valid personal access token.</summary>
    public string PersonalToken { get; init; } = "dapi-personal";

    /// <summary>The service principal for OAuth machine to machine and for token federation.</summary>
    public string ClientId { get; init; } = "principal";

    /// <summary>The service principal's OAuth secret.</summary>
    public string ClientSecret { get; init; } = "dose-secret";

    /// <summary>The user's decision on the sign-in page: <c>allow</c> or <c>deny</c>; null to show buttons.</summary>
    public string? Decision { get; init; }

    /// <summary>The workspace's message to a user who is not allowed in, or who denies the request.</summary>
    public string Denial { get; init; } = "The user denied the request";

    /// <summary>Whether a sign-in with a browser gives a refresh token.</summary>
    public bool GivesRefreshTokens { get; init; } = true;

    /// <summary>The scopes that tokens may be requested for.</summary>
    public string Scope { get; init; } = "all-apis";

    /// <summary>The account of the workspace.</summary>
    public string AccountId { get; init; } = "account-1";

    /// <summary>
    /// The workspace of a unified host, which serves several and requires each request to name one; null for a workspace with its own host.
    /// </summary>
    public string? UnifiedWorkspaceId { get; init; }

    /// <summary>Whether the host describes itself at <c>/.well-known/databricks-config</c>.</summary>
    public bool ServesHostMetadata { get; init; } = true;

    /// <summary>Whether <c>/aad/auth</c> redirects to the tenant, as on Azure.</summary>
    public bool RedirectsToTenant { get; init; }

    /// <summary>The GitHub Actions job's own token, for which an OIDC token is issued.</summary>
    public string GitHubRequestToken { get; init; } = "github-job-token";

    /// <summary>The audience of GitHub's tokens in the federation policy; null for the token endpoint.</summary>
    public string? GitHubAudience { get; init; }

    /// <summary>The lifetime that issued tokens claim to have.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The application's directory in Entra ID.</summary>
    public string Tenant { get; init; } = "tenant-1";

    /// <summary>The application in Entra ID.</summary>
    public string EntraClientId { get; init; } = "application-1";

    /// <summary>The application's secret.</summary>
    public string EntraSecret { get; init; } = "entra-secret";

    /// <summary>
    /// The workspace's resource id. If set, tokens of Entra ID are accepted only with it and a management token, as from a principal that
    /// is not a user of the workspace.
    /// </summary>
    public string? RequiredResourceId { get; init; }

    /// <summary>The Azure Pipelines job's own token, for which an OIDC token is issued.</summary>
    public string PipelineAccessToken { get; init; } = "job-token";

    /// <summary>The service connection that the pipeline may use.</summary>
    public string ServiceConnectionId { get; init; } = "connection-1";

    /// <summary>The header that an App Service requires at its identity endpoint.</summary>
    public string IdentityHeader { get; init; } = "identity-header";

    /// <summary>The secrets, by scope and key: <c>scope/key</c>.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>The workspaces that Azure's Resource Manager has on this server, by resource id, with their hosts.</summary>
    public IReadOnlyDictionary<string, string> Resources { get; init; } = new Dictionary<string, string>();

    /// <summary>The folders that exist at the start.</summary>
    public IReadOnlyList<string> Folders { get; init; } = ["/Shared", "/Users", "/Users/ada@example.com"];

    /// <summary>The folders where the user may not create anything.</summary>
    public IReadOnlyList<string> ForbiddenFolders { get; init; } = [];

    /// <summary>The cloud storage of the runs' artifacts.</summary>
    public CloudKind Cloud { get; init; }

    /// <summary>Whether the Files API serves the artifacts of runs. Some workspaces do, others do not.</summary>
    public bool ServesRunFiles { get; init; }

    /// <summary>The headers that are returned with each presigned URL. The storage rejects a request without them.</summary>
    public IReadOnlyDictionary<string, string> SignedHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Signs a URL of another storage. Called with the key and whether it must allow writing; null for the server's own storage.
    /// </summary>
    public Func<string, bool, string>? SignAddress { get; init; }

    /// <summary>Unity Catalog; null for a workspace without it.</summary>
    public UnityCatalogOptions? UnityCatalog { get; init; }

    /// <summary>The name of the user.</summary>
    public string UserName { get; init; } = "ada@example.com";

    /// <summary>Whether the user may run jobs.</summary>
    public bool MaySubmit { get; init; } = true;

    /// <summary>The existing clusters.</summary>
    public IReadOnlyList<string> Clusters { get; init; } = ["0923-164208-meows279"];

    /// <summary>The behavior of a job.</summary>
    public JobScript Job { get; init; } = new();

    /// <summary>The jobs stored in the workspace, as the bodies of <c>jobs/create</c>. The first has the id 501.</summary>
    public IReadOnlyList<string> SavedJobs { get; init; } = [];

    /// <summary>Whether the user may run the stored jobs.</summary>
    public bool MayManageRuns { get; init; } = true;

    /// <summary>The maximum number of active runs. Further runs are rejected.</summary>
    public int MaximumActiveRuns { get; init; } = 2000;

    /// <summary>The definitions of cluster policies, by id.</summary>
    public IReadOnlyDictionary<string, string> ClusterPolicies { get; init; } = new Dictionary<string, string>();

    /// <summary>The metastore's allowlist of init scripts, as prefixes of their paths.</summary>
    public IReadOnlyList<string> InitScriptAllowlist { get; init; } = [];

    /// <summary>How the workspace handles environment variables of serverless jobs, which are a preview.</summary>
    public PreviewKind ServerlessVariables { get; init; }
}

/// <summary>How a workspace handles the fields of a preview.</summary>
public enum PreviewKind
{
    /// <summary>They work.</summary>
    Enabled,

    /// <summary>A request with them is rejected.</summary>
    Refused,

    /// <summary>They are unknown fields, which are ignored.</summary>
    Ignored,
}
