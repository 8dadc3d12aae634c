namespace Anovos.Mlflow.Databricks;

/// <summary>
/// A setting by its name in <c>.databrickscfg</c>, the variables that set it, and the family of authentication that it
/// belongs to (databricks.sdk.config). Two families at once are ambiguous.
/// </summary>
internal sealed record DatabricksSetting(string Name, string? Family, params string[] Variables)
{
    /// <summary>The settings that are read from environment and file.</summary>
    public static readonly IReadOnlyList<DatabricksSetting> All =
    [
        new("host", null, "DATABRICKS_HOST"),
        new("auth_type", null, "DATABRICKS_AUTH_TYPE"),
        new("cloud", null, "DATABRICKS_CLOUD"),
        new("token", "pat", "DATABRICKS_TOKEN"),
        new("username", "basic", "DATABRICKS_USERNAME"),
        new("password", "basic", "DATABRICKS_PASSWORD"),
        new("client_id", "oauth", "DATABRICKS_CLIENT_ID"),
        new("client_secret", "oauth", "DATABRICKS_CLIENT_SECRET"),
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
    /// What else decides how to sign in and is no setting of Databricks: Azure Pipelines, the host's managed identity, Azure's
    /// own address of Entra ID, where programs are found.
    /// </summary>
    public static readonly IReadOnlyList<string> Surroundings =
    [
        "SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN", "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "AZURESUBSCRIPTION_CLIENT_ID",
        "AZURESUBSCRIPTION_TENANT_ID", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "AZURE_AUTHORITY_HOST", "PATH", "PATHEXT",
    ];
}
