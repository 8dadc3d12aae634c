using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Fetches a token for an Azure resource; methods of the workspace itself ignore the resource.</summary>
internal delegate Task<AccessToken> TokenFetch(string resource, CancellationToken cancellationToken);

/// <summary>A method to sign in to a workspace, with its name in Databricks' SDKs (<c>auth_type</c>).</summary>
/// <param name="Name">The name.</param>
/// <param name="Settings">The settings that it needs.</param>
/// <param name="Fetch">Creates the function that fetches its tokens.</param>
internal sealed record IdentityMethod(string Name, string[] Settings, Func<DatabricksConfig, TokenSources, TokenFetch> Fetch)
{
    // The audience of tokens from GitHub and Azure Pipelines for Entra ID.
    private const string EntraAudience = "api://AzureADTokenExchange";

    /// <summary>
    /// All methods, in the order in which they are tried: that of databricks-sdk-go, which supports managed identity. Programs that the
    /// machine may have anyway come after the configured methods, in the order of databricks-sdk-py.
    /// </summary>
    public static readonly IReadOnlyList<IdentityMethod> All =
    [
        new("pat", ["token"], (config, _) => Token(config)) { IsRenewable = false },
        new("oauth-m2m", ["client_id", "client_secret"], (config, sources) => (_, token) =>
            sources.Workspace.FromSecretAsync(config["client_secret"]!, token)),
        new("metadata-service", ["metadata_service_url"], (_, sources) => (_, token) => sources.Metadata.FetchAsync(token)),
        new("github-oidc", ["client_id"], (_, sources) => (_, token) => sources.Workspace.FromJwtAsync(sources.GitHub.FetchAsync, token))
        {
            AlsoMissing = GitHubToken.Missing,
        },
        new("azure-devops-oidc", ["client_id"], (_, sources) => (_, token) =>
            sources.Workspace.FromJwtAsync((_, stop) => sources.Pipeline.FetchAsync(null, stop), token))
        {
            AlsoMissing = PipelineToken.Missing,
        },
        new("env-oidc", [], (config, sources) => (_, token) =>
            sources.Workspace.FromJwtAsync(config[OidcVariable(config)]!, token))
        {
            AlsoMissing = config => config[OidcVariable(config)] is null ? $"{OidcVariable(config)} is not set" : null,
        },
        new("file-oidc", ["oidc_token_filepath"], (config, sources) => (_, token) =>
            sources.Workspace.FromJwtAsync(ReadFile(config["oidc_token_filepath"]!), token)),
        new("github-oidc-azure", ["azure_client_id"], (config, sources) => async (resource, token) =>
        {
            string jwt = await sources.GitHub.FetchAsync(EntraAudience, token).ConfigureAwait(false);
            EntraTokens entra = await sources.EntraAsync(config["azure_tenant_id"], config["azure_client_id"]!, token)
                .ConfigureAwait(false);
            return await entra.FromAssertionAsync(resource, jwt, token).ConfigureAwait(false);
        })
        {
            IsOfAzure = true,
            MaySet = ["azure_tenant_id"],
            AlsoMissing = config =>
                config["azure_client_secret"] is null ? GitHubToken.Missing(config) : "ARM_CLIENT_SECRET (azure_client_secret) is set",
        },
        new("azure-msi", ["azure_use_msi"], (_, sources) => sources.Machine.FetchAsync)
        {
            IsOfAzure = true,
            AlsoMissing = config =>
                config["azure_use_msi"]!.ToUpperInvariant() is "TRUE" or "1" ? null : "ARM_USE_MSI (azure_use_msi) is not true",
        },
        new("azure-client-secret", ["azure_client_id", "azure_client_secret"], (config, sources) => async (resource, token) =>
        {
            EntraTokens entra = await sources.EntraAsync(config["azure_tenant_id"], config["azure_client_id"]!, token)
                .ConfigureAwait(false);
            return await entra.FromSecretAsync(resource, config["azure_client_secret"]!, token).ConfigureAwait(false);
        })
        {
            IsOfAzure = true,
            MaySet = ["azure_tenant_id"],
        },

        // Not in Databricks' SDKs, which support this exchange only for GitHub, as github-oidc-azure.
        new("azure-devops-oidc-azure", [], (config, sources) => async (resource, token) =>
        {
            EntraTokens entra = await sources.EntraAsync(PipelineTenant(config), PipelineClient(config)!, token).ConfigureAwait(false);
            string jwt = await sources.Pipeline.FetchAsync(config["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"], token).ConfigureAwait(false);
            return await entra.FromAssertionAsync(resource, jwt, token).ConfigureAwait(false);
        })
        {
            IsOfAzure = true,
            AlsoMissing = config => PipelineToken.Missing(config)
                ?? (config["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"] is null
                    ? "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is not set: the AzureCLI and AzurePowerShell tasks set it"
                : PipelineClient(config) is null || PipelineTenant(config) is null
                    ? "neither ARM_CLIENT_ID and ARM_TENANT_ID nor AZURESUBSCRIPTION_CLIENT_ID and AZURESUBSCRIPTION_TENANT_ID are set"
                : null),
        },
        new("azure-cli", [], (_, sources) => sources.AzureCli.FetchAsync)
        {
            IsOfAzure = true,
            IsAmbient = true,
            AlsoMissing = config => AzureCli.Find(config.Setting) is null ? "az is not on the PATH" : null,
        },
        new("databricks-cli", [], (_, sources) => (_, token) => sources.DatabricksCli.FetchAsync(token))
        {
            IsAmbient = true,
            AlsoMissing = DatabricksCli.Missing,
        },
        new(BrowserLogin.Method, [], (_, sources) => sources.Browser)
        {
            MaySet = ["auth_type"],
            AlsoMissing = config => config.Browser is null ? $"it needs Connect-Mlflow {BrowserLogin.Source}" : null,
        },

        // Only a notebook's Python has access to the notebook's own credentials.
        new("runtime", ["token"], (config, _) => Token(config))
        {
            IsRenewable = false,
            AlsoMissing = config => config["DATABRICKS_RUNTIME_VERSION"] is null
                ? "DATABRICKS_RUNTIME_VERSION is not set: this is not a Databricks cluster"
                : null,
        },
    ];

    /// <summary>The methods of Databricks' SDKs that this module does not support.</summary>
    public static readonly IReadOnlyList<string> OfOthers =
        ["basic", "google-credentials", "google-id", "model-serving", "runtime-oauth"];

    /// <summary>Whether a new token is available after one was rejected.</summary>
    public bool IsRenewable { get; private init; } = true;

    /// <summary>Whether the token is from Entra ID, which only a workspace on Azure accepts.</summary>
    public bool IsOfAzure { get; private init; }

    /// <summary>
    /// True for a program that the machine may have for other purposes: if no user is signed in to it, another method is
    /// tried.
    /// </summary>
    public bool IsAmbient { get; private init; }

    /// <summary>The optional settings.</summary>
    public string[] MaySet { get; private init; } = [];

    private Func<DatabricksConfig, string?>? AlsoMissing { get; init; }

    /// <summary>Why the method cannot be used; null if it can.</summary>
    public string? Missing(DatabricksConfig config)
    {
        string[] unset = [.. Settings.Where(name => config[name] is null).Select(DatabricksConfig.Describe)];
        return unset.Length > 0 ? $"{string.Join(", ", unset)} {(unset.Length == 1 ? "is" : "are")} not set"
            : IsOfAzure && config.Cloud is null ? $"{config.Host.Host} is not an Azure workspace"
            : AlsoMissing?.Invoke(config);
    }

    private static string OidcVariable(DatabricksConfig config) => config["oidc_token_env"] ?? "DATABRICKS_OIDC_TOKEN";

    private static string? PipelineClient(DatabricksConfig config) => config["azure_client_id"] ?? config["AZURESUBSCRIPTION_CLIENT_ID"];

    private static string? PipelineTenant(DatabricksConfig config) => config["azure_tenant_id"] ?? config["AZURESUBSCRIPTION_TENANT_ID"];

    private static TokenFetch Token(DatabricksConfig config) =>
        (_, _) => Task.FromResult(new AccessToken(config["token"]!, DateTimeOffset.MinValue, DateTimeOffset.MaxValue));

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"The OIDC token file {path} cannot be read: {e.Message} Correct DATABRICKS_OIDC_TOKEN_FILEPATH.", e)
            { Target = path };
        }
    }
}
