namespace Anovos.Mlflow.TestServer;

/// <summary>
/// What a Databricks workspace knows of: who may sign in and how, what lies in it. The endpoints that give out tokens are on
/// the same server: <c>/oidc</c>, <c>/{tenant}/oauth2/v2.0/token</c> (Entra ID), <c>/metadata/identity/oauth2/token</c> (an
/// Azure machine), <c>/pipeline/oidctoken</c> (Azure Pipelines).
/// </summary>
public sealed record WorkspaceOptions
{
    /// <summary>The personal access token that is valid.</summary>
    public string PersonalToken { get; init; } = "dapi-personal";

    /// <summary>The service principal of OAuth machine to machine, and of token federation.</summary>
    public string ClientId { get; init; } = "principal";

    /// <summary>The service principal's OAuth secret.</summary>
    public string ClientSecret { get; init; } = "dose-secret";

    /// <summary>How the user decides on the page to sign in on: <c>allow</c>, <c>deny</c>; null to be asked there.</summary>
    public string? Decision { get; init; }

    /// <summary>What the workspace says to a user who is not allowed in, or does not want to.</summary>
    public string Denial { get; init; } = "The user denied the request";

    /// <summary>Whether a sign-in with a browser gives a refresh token.</summary>
    public bool GivesRefreshTokens { get; init; } = true;

    /// <summary>The scopes that tokens may be asked for.</summary>
    public string Scope { get; init; } = "all-apis";

    /// <summary>The account of the workspace.</summary>
    public string AccountId { get; init; } = "account-1";

    /// <summary>
    /// The workspace behind a unified host, which serves several and asks each request for which; null for a host of its
    /// own.
    /// </summary>
    public string? UnifiedWorkspaceId { get; init; }

    /// <summary>Whether the host describes itself at <c>/.well-known/databricks-config</c>.</summary>
    public bool ServesHostMetadata { get; init; } = true;

    /// <summary>Whether <c>/aad/auth</c> redirects to the tenant, as on Azure.</summary>
    public bool RedirectsToTenant { get; init; }

    /// <summary>The job's own token, for which GitHub Actions gives out an OIDC token.</summary>
    public string GitHubRequestToken { get; init; } = "github-job-token";

    /// <summary>The audience of GitHub's tokens that the federation policy has; null for the token endpoint.</summary>
    public string? GitHubAudience { get; init; }

    /// <summary>How long a token that is given out says it holds.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The application's directory in Entra ID.</summary>
    public string Tenant { get; init; } = "tenant-1";

    /// <summary>The application in Entra ID.</summary>
    public string EntraClientId { get; init; } = "application-1";

    /// <summary>The application's secret.</summary>
    public string EntraSecret { get; init; } = "entra-secret";

    /// <summary>
    /// The workspace's resource id; given, tokens of Entra ID are taken only with it and a management token, as from a
    /// principal that is no user of the workspace.
    /// </summary>
    public string? RequiredResourceId { get; init; }

    /// <summary>The job's own token, for which Azure Pipelines gives out an OIDC token.</summary>
    public string PipelineAccessToken { get; init; } = "job-token";

    /// <summary>The service connection that the pipeline may use.</summary>
    public string ServiceConnectionId { get; init; } = "connection-1";

    /// <summary>The header that an App Service asks for at its identity endpoint.</summary>
    public string IdentityHeader { get; init; } = "identity-header";

    /// <summary>The secrets, by scope and key: <c>scope/key</c>.</summary>
    public IReadOnlyDictionary<string, string> Secrets { get; init; } = new Dictionary<string, string>();

    /// <summary>The workspaces that Azure's Resource Manager knows on this server, by resource id, with their hosts.</summary>
    public IReadOnlyDictionary<string, string> Resources { get; init; } = new Dictionary<string, string>();

    /// <summary>Folders that are there from the start.</summary>
    public IReadOnlyList<string> Folders { get; init; } = ["/Shared", "/Users", "/Users/ada@example.com"];

    /// <summary>Folders in which who asks may make nothing.</summary>
    public IReadOnlyList<string> ForbiddenFolders { get; init; } = [];

    /// <summary>Whose storage the artifacts of runs are in.</summary>
    public CloudKind Cloud { get; init; }

    /// <summary>Whether the Files API serves the artifacts of runs, as it does in some workspaces and not in others.</summary>
    public bool ServesRunFiles { get; init; }

    /// <summary>Headers that come with each address of the storage, and without which it refuses a request.</summary>
    public IReadOnlyDictionary<string, string> SignedHeaders { get; init; } = new Dictionary<string, string>();

    /// <summary>Signs an address of a storage elsewhere: told the key and whether it is to be written; null for the server's own.</summary>
    public Func<string, bool, string>? SignAddress { get; init; }

    /// <summary>Unity Catalog; null for a workspace without it.</summary>
    public UnityCatalogOptions? UnityCatalog { get; init; }

    /// <summary>Who signs in.</summary>
    public string UserName { get; init; } = "ada@example.com";

    /// <summary>Whether who signs in may run jobs.</summary>
    public bool MaySubmit { get; init; } = true;

    /// <summary>The clusters that are there.</summary>
    public IReadOnlyList<string> Clusters { get; init; } = ["0923-164208-meows279"];

    /// <summary>What a job does.</summary>
    public JobScript Job { get; init; } = new();

    /// <summary>Jobs that are kept in the workspace, as the bodies of <c>jobs/create</c>; the first has the id 501.</summary>
    public IReadOnlyList<string> SavedJobs { get; init; } = [];

    /// <summary>Whether who signs in may run the jobs that are kept.</summary>
    public bool MayManageRuns { get; init; } = true;

    /// <summary>How many runs may be active at once; the next one is refused.</summary>
    public int MaximumActiveRuns { get; init; } = 2000;

    /// <summary>The definitions of cluster policies, by id.</summary>
    public IReadOnlyDictionary<string, string> ClusterPolicies { get; init; } = new Dictionary<string, string>();

    /// <summary>The metastore's allowlist of init scripts: prefixes of their paths.</summary>
    public IReadOnlyList<string> InitScriptAllowlist { get; init; } = [];

    /// <summary>What the workspace does with environment variables of serverless jobs, which are a preview.</summary>
    public PreviewKind ServerlessVariables { get; init; }
}

/// <summary>What a workspace does with the fields of a preview.</summary>
public enum PreviewKind
{
    /// <summary>They work.</summary>
    Enabled,

    /// <summary>A request with them is refused.</summary>
    Refused,

    /// <summary>They are unknown fields, which are ignored.</summary>
    Ignored,
}
