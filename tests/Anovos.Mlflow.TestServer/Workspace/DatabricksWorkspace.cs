using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The parts that a Databricks workspace adds to a tracking server: it requires a token with each request, has folders, and checks requests
/// more strictly than an MLflow server.
/// </summary>
public sealed class DatabricksWorkspace
{
    /// <summary>The location of its experiments' artifacts: the workspace's own storage.</summary>
    internal const string ArtifactRoot = "dbfs:/databricks/mlflow-tracking/";

    /// <summary>Entra ID's name for Azure Databricks.</summary>
    internal const string EntraResource = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

    /// <summary>Entra ID's name for the management of Azure.</summary>
    internal const string Management = "https://management.core.windows.net/";

    // MLflow's client sends the first, Databricks' SDKs the second.
    private static readonly string[] RoutingHeaders = ["X-Databricks-Workspace-Id", "x-databricks-org-id"];

    private const int LargestBody = 1 << 20;

    private readonly WorkspaceOptions _options;
    private readonly TokenIssuer _tokens;
    private readonly BrowserSignIn _browser;
    private readonly TokenEndpoints _tokenEndpoints;
    private readonly FolderEndpoints _folders;
    private readonly JobEndpoints _jobs;
    private readonly CloudStorage _storage;
    private readonly UnityCatalogEndpoints _catalog;
    private readonly IReadOnlyList<IWorkspaceEndpoints> _endpoints;

    internal DatabricksWorkspace(WorkspaceOptions options, TrackingState state, ArtifactStore store)
    {
        _options = options;
        _tokens = new TokenIssuer(options);
        _browser = new BrowserSignIn(options);
        _tokenEndpoints = new TokenEndpoints(options, _tokens, _browser);
        _folders = new FolderEndpoints(options);
        _jobs = new JobEndpoints(options, store, _folders);
        _storage = new CloudStorage(store, options.SignedHeaders);
        _catalog = new UnityCatalogEndpoints(options.UnityCatalog, options.Cloud, _storage);
        _endpoints =
        [
            _folders, _catalog, new ArtifactCredentialEndpoints(options, state, store, _storage), new FileEndpoints(options, store),
            new DbfsEndpoints(store), _jobs, new SecretEndpoints(options),
        ];
    }

    /// <summary>The folders, in no order.</summary>
    public IReadOnlyList<string> Folders => _folders.All;

    /// <summary>The files in the folders, by path.</summary>
    public IReadOnlyDictionary<string, string> Files => _folders.Files;

    /// <summary>The submitted jobs.</summary>
    public IReadOnlyList<SubmittedJob> Jobs => _jobs.All;

    /// <summary>The models in Unity Catalog.</summary>
    public IReadOnlyList<StoredModel> CatalogModels => _catalog.Models;

    /// <summary>The number of versions in Unity Catalog whose files are incomplete.</summary>
    public int PendingVersions => _catalog.Pending;

    /// <summary>All tokens issued so far.</summary>
    public IReadOnlyList<string> IssuedTokens => _tokens.All;

    /// <summary>Issues a token, as to a program that keeps it.</summary>
    /// <param name="audience">Its audience: <c>workspace</c>, or a resource of Azure.</param>
    public string IssueToken(string audience) => _tokens.Issue(audience);

    /// <summary>Makes all tokens issued so far expire now.</summary>
    public void ExpireTokens() => _tokens.ExpireAll();

    /// <summary>All codes and refresh tokens issued to browser sign-ins.</summary>
    public IReadOnlyList<string> BrowserSecrets => _browser.Secrets;

    /// <summary>Ends all browser sign-ins: all refresh tokens become invalid.</summary>
    public void EndSignIns() => _browser.Revoke();

    /// <summary>Makes the storage reject all URLs that were signed so far.</summary>
    public void ExpireAddresses() => _storage.ExpireAddresses();

    /// <summary>The number of files in the storage that were started and not finished.</summary>
    public int UnfinishedFiles => _storage.Unfinished;

    /// <summary>Handles the request, or leaves it to MLflow's endpoints.</summary>
    internal async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (CloudStorage.Holds(path))
        {
            await _storage.HandleAsync(context, recorded, path, _options.Cloud);
            return true;
        }

        if (BrowserSignIn.Holds(path))
        {
            await _browser.HandleAsync(context, recorded);
            return true;
        }

        if (await _tokenEndpoints.HandleAsync(context, recorded, path))
            return true;
        if (!await AuthenticatesAsync(context))
            return true;
        if (_options.UnifiedWorkspaceId is { } id && !RoutingHeaders.All(name => context.Request.Headers[name] == id))
            throw new ApiException("INVALID_PARAMETER_VALUE", "The request does not say which workspace it is for");
        if (path.StartsWith("/api/2.0/mlflow/", StringComparison.Ordinal) && recorded.BodyLength > LargestBody)
            throw new ApiException("MAX_REQUEST_SIZE_EXCEEDED", $"Request size of {recorded.BodyLength} bytes exceeds the limit of {LargestBody} bytes");
        foreach (var endpoints in _endpoints)
        {
            if (await endpoints.HandleAsync(context, recorded, path))
                return true;
        }

        return false;
    }

    private async Task<bool> AuthenticatesAsync(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.Ordinal))
            return await RefuseAsync(context, 401, "Credential was not sent or was of an unsupported type for this API.");
        string token = header["Bearer ".Length..];
        if (token == _options.PersonalToken || _tokens.Holds(token, TokenEndpoints.WorkspaceAudience))
            return true;
        if (!_tokens.Holds(token, EntraResource))
            return await RefuseAsync(context, 403, "Invalid access token.");
        bool isComplete = _options.RequiredResourceId is null
            || (context.Request.Headers["X-Databricks-Azure-Workspace-Resource-Id"] == _options.RequiredResourceId
                && _tokens.Holds(context.Request.Headers["X-Databricks-Azure-SP-Management-Token"].ToString(), Management));
        return isComplete || await RefuseAsync(context, 403, "User not authorized.");
    }

    // The code is a number here, and a string everywhere else.
    private static async Task<bool> RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.Headers["X-Databricks-Reason-Phrase"] = message;
        await Answers.WriteAsync(context, status, "application/json; charset=utf-8", JsonSerializer.Serialize(new { error_code = status, message }));
        return false;
    }
}
