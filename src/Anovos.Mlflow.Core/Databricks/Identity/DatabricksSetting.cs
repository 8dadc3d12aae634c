namespace Anovos.Mlflow.Databricks;

/// <summary>
/// A setting by its name in <c>.databrickscfg</c>, the variables that set it, and the family of authentication that it
/// belongs to (databricks.sdk.config). Two families at once are ambiguous.
/// </summary>
internal sealed record DatabricksSetting(string Name, string? Family, params string[] Variables)
{
    /// <summary>The settings that are read from the environment and the file.</summary>
    public static readonly IReadOnlyList<DatabricksSetting> All =
    [
        new("host", null, "DATABRICKS_HOST"),
        new("account_id", null, "DATABRICKS_ACCOUNT_ID"),
        new("workspace_id", null, "DATABRICKS_WORKSPACE_ID"),
        new("auth_type", null, "DATABRICKS_AUTH_TYPE"),
        new("cloud", null, "DATABRICKS_CLOUD"),
        new("discovery_url", null, "DATABRICKS_DISCOVERY_URL"),
        new("scopes", null),
        new("token_audience", null, "DATABRICKS_TOKEN_AUDIENCE"),
        new("databricks_cli_path", null, "DATABRICKS_CLI_PATH"),
        new("token", "pat", "DATABRICKS_TOKEN"),
        new("username", "basic", "DATABRICKS_USERNAME"),
        new("password", "basic", "DATABRICKS_PASSWORD"),
        new("client_id", "oauth", "DATABRICKS_CLIENT_ID"),
        new("client_secret", "oauth", "DATABRICKS_CLIENT_SECRET"),
        new("metadata_service_url", "metadata-service", "DATABRICKS_METADATA_SERVICE_URL"),
        new("oidc_token_env", "env-oidc", "DATABRICKS_OIDC_TOKEN_ENV"),
        new("oidc_token_filepath", "file-oidc", "DATABRICKS_OIDC_TOKEN_FILEPATH", "DATABRICKS_OIDC_TOKEN_FILE"),
        new("azure_workspace_resource_id", "azure", "DATABRICKS_AZURE_RESOURCE_ID"),
        new("azure_use_msi", "azure", "ARM_USE_MSI"),
        new("azure_client_id", "azure", "ARM_CLIENT_ID"),
        new("azure_client_secret", "azure", "ARM_CLIENT_SECRET"),
        new("azure_tenant_id", "azure", "ARM_TENANT_ID"),
        new("azure_environment", null, "ARM_ENVIRONMENT"),
        new("google_service_account", "google", "DATABRICKS_GOOGLE_SERVICE_ACCOUNT"),
        new("google_credentials", "google", "GOOGLE_CREDENTIALS"),
    ];

    /// <summary>
    /// Variables other than Databricks settings that affect the sign-in: those of Azure Pipelines, GitHub Actions, a Databricks cluster,
    /// managed identities, Azure's own variable for the address of Entra ID, and the search path for programs.
    /// </summary>
    public static readonly IReadOnlyList<string> Surroundings =
    [
        "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECTID", "SYSTEM_PLANID",
        "SYSTEM_JOBID", "SYSTEM_HOSTTYPE", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "AZURESUBSCRIPTION_CLIENT_ID",
        "AZURESUBSCRIPTION_TENANT_ID", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "DATABRICKS_RUNTIME_VERSION",
        "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST", "PATH", "PATHEXT",
    ];

    /// <summary>True if the value must not be shown. The path of a metadata service is secret too.</summary>
    public static bool IsSecret(string name) => name is "token" or "password" or "client_secret" or "azure_client_secret"
        or "google_credentials" or "metadata_service_url" or "SYSTEM_ACCESSTOKEN" or "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
        or "IDENTITY_HEADER" or "DATABRICKS_OIDC_TOKEN";

    /// <summary>
    /// Cleans a pasted value; null if nothing is left. A token must be valid in a header; other values are encoded. The search path for
    /// programs is left as it is.
    /// </summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> for a placeholder, or for characters that a header cannot contain.
    /// </exception>
    public static string? Read(string name, string? value, string source) => name switch
    {
        "PATH" or "PATHEXT" => value is { Length: > 0 } ? value : null,
        "token" or "SYSTEM_ACCESSTOKEN" or "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Pasted.Token(value, source),
        "IDENTITY_HEADER" => Pasted.Header(value, source, isSecret: true),
        "azure_workspace_resource_id" => Pasted.Header(value, source),

        // The CLI writes "none" if no workspace is chosen.
        "workspace_id" => Pasted.Header(value, source) is { } id && id != "none" ? id : null,
        _ => Pasted.Setting(value, source, IsSecret(name)),
    };
}
