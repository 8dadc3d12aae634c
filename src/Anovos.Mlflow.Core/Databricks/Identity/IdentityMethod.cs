using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>A way to sign in to a workspace, by the name that Databricks' SDKs give it (<c>auth_type</c>).</summary>
/// <param name="Name">The name.</param>
/// <param name="Settings">The settings that it needs.</param>
/// <param name="Fetch">Fetches a token for a resource of Azure; a method of the workspace's own heeds none.</param>
internal sealed record IdentityMethod(string Name, string[] Settings, Func<DatabricksConfig, TokenSources, Func<string, CancellationToken, Task<AccessToken>>> Fetch)
{
    /// <summary>The ways, in the order in which they are tried: that of databricks-sdk-go, which has managed identity.</summary>
    public static readonly IReadOnlyList<IdentityMethod> All =
    [
        new("pat", ["token"], (config, sources) => (_, _) => Task.FromResult(new AccessToken(config["token"]!, DateTimeOffset.MinValue, DateTimeOffset.MaxValue))) { IsRenewable = false },
        new("oauth-m2m", ["client_id", "client_secret"], (config, sources) => (_, token) => sources.Workspace.FromSecretAsync(config["client_secret"]!, token)),
        new("azure-devops-oidc", ["client_id"], (_, sources) => async (_, token) => await sources.Workspace.FromJwtAsync(await sources.Pipeline.FetchAsync(null, token).ConfigureAwait(false), token).ConfigureAwait(false))
        {
            AlsoMissing = PipelineToken.Missing,
        },
        new("env-oidc", [], (config, sources) => (_, token) => sources.Workspace.FromJwtAsync(config[OidcVariable(config)]!, token))
        {
            AlsoMissing = config => config[OidcVariable(config)] is null ? $"{OidcVariable(config)} is not set" : null,
        },
        new("file-oidc", ["oidc_token_filepath"], (config, sources) => (_, token) => sources.Workspace.FromJwtAsync(ReadFile(config["oidc_token_filepath"]!), token)),
        new("azure-msi", ["azure_use_msi"], (_, sources) => sources.Machine.FetchAsync)
        {
            IsOfAzure = true,
            AlsoMissing = config => config["azure_use_msi"]!.ToUpperInvariant() is "TRUE" or "1" ? null : "ARM_USE_MSI (azure_use_msi) is not true",
        },
        new("azure-client-secret", ["azure_client_id", "azure_client_secret", "azure_tenant_id"], (config, sources) => (resource, token) =>
            sources.Entra(config["azure_tenant_id"]!, config["azure_client_id"]!).FromSecretAsync(resource, config["azure_client_secret"]!, token))
        {
            IsOfAzure = true,
        },

        // Not in Databricks' SDKs, which know this exchange for GitHub only, as github-oidc-azure.
        new("azure-devops-oidc-azure", [], (config, sources) => async (resource, token) =>
            await sources.Entra(PipelineTenant(config)!, PipelineClient(config)!).FromAssertionAsync(resource, await sources.Pipeline.FetchAsync(config["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"], token).ConfigureAwait(false), token).ConfigureAwait(false))
        {
            IsOfAzure = true,
            AlsoMissing = config => PipelineToken.Missing(config)
                ?? (config["AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"] is null ? "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is not set, as the AzureCLI and AzurePowerShell tasks do"
                : PipelineClient(config) is null || PipelineTenant(config) is null ? "neither ARM_CLIENT_ID and ARM_TENANT_ID nor AZURESUBSCRIPTION_CLIENT_ID and AZURESUBSCRIPTION_TENANT_ID are set"
                : null),
        },
        new("azure-cli", [], (_, sources) => sources.Cli.FetchAsync)
        {
            IsOfAzure = true,
            AlsoMissing = config => AzureCli.Find(config.Setting) is null ? "az is not on the PATH" : null,
        },
        new(BrowserLogin.Method, [], (_, sources) => sources.Browser)
        {
            AlsoMissing = config => config.IsInteractive ? null : $"Connect-Mlflow {BrowserLogin.Source} asks for it",
        },
    ];

    /// <summary>Whether another token can be had when one is refused.</summary>
    public bool IsRenewable { get; private init; } = true;

    /// <summary>Whether the token is one of Entra ID, which only a workspace on Azure takes.</summary>
    public bool IsOfAzure { get; private init; }

    private Func<DatabricksConfig, string?>? AlsoMissing { get; init; }

    /// <summary>Why it cannot be used; null where it can.</summary>
    public string? Missing(DatabricksConfig config)
    {
        string[] unset = [.. Settings.Where(name => config[name] is null).Select(DatabricksConfig.Describe)];
        return unset.Length > 0 ? $"{string.Join(", ", unset)} {(unset.Length == 1 ? "is" : "are")} not set"
            : IsOfAzure && config.Cloud is null ? $"{config.Host.Host} is no Azure workspace"
            : AlsoMissing?.Invoke(config);
    }

    private static string OidcVariable(DatabricksConfig config) => config["oidc_token_env"] ?? "DATABRICKS_OIDC_TOKEN";

    private static string? PipelineClient(DatabricksConfig config) => config["azure_client_id"] ?? config["AZURESUBSCRIPTION_CLIENT_ID"];

    private static string? PipelineTenant(DatabricksConfig config) => config["azure_tenant_id"] ?? config["AZURESUBSCRIPTION_TENANT_ID"];

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.AuthenticationFailed, $"The OIDC token file {path} cannot be read: {e.Message} Correct DATABRICKS_OIDC_TOKEN_FILEPATH.", e) { Target = path };
        }
    }
}
