namespace Anovos.Mlflow.Identity;

/// <summary>The sign-in and management endpoints of an Azure cloud (databricks.sdk.environments).</summary>
/// <param name="Name">Its name in <c>ARM_ENVIRONMENT</c>.</param>
/// <param name="HostSuffix">The suffix of its workspaces' host names.</param>
/// <param name="Authority">The address of its Entra ID.</param>
/// <param name="Management">The resource of a management token for a workspace.</param>
/// <param name="ResourceManager">Its Resource Manager, both as address and as resource.</param>
internal sealed record AzureCloud(string Name, string HostSuffix, string Authority, string Management, string ResourceManager)
{
    /// <summary>The application id of Azure Databricks in Entra ID, the same in all clouds.</summary>
    public const string DatabricksResource = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";

    private static readonly AzureCloud Public = new(
        "PUBLIC", ".azuredatabricks.net", "https://login.microsoftonline.com/", "https://management.core.windows.net/",
        "https://management.azure.com/");

    private static readonly AzureCloud[] Clouds =
    [
        Public,
        new("USGOVERNMENT", ".databricks.azure.us", "https://login.microsoftonline.us/", "https://management.core.usgovcloudapi.net/",
            "https://management.usgovcloudapi.net/"),
        new("CHINA", ".databricks.azure.cn", "https://login.chinacloudapi.cn/", "https://management.core.chinacloudapi.cn/",
            "https://management.chinacloudapi.cn/"),
    ];

    /// <summary>Returns the cloud of a workspace; null if it is not on Azure.</summary>
    public static AzureCloud? Of(string host, Func<string, string?> setting)
    {
        AzureCloud? byHost = Clouds.FirstOrDefault(cloud => host.EndsWith(cloud.HostSuffix, StringComparison.OrdinalIgnoreCase));
        bool isAzure = setting("cloud")?.ToUpperInvariant() is "AZURE" or "AWS" or "GCP"
            ? "AZURE".Equals(setting("cloud"), StringComparison.OrdinalIgnoreCase)
            : byHost is not null;
        if (!isAzure && setting("azure_workspace_resource_id") is null)
            return null;

        string named = (setting("azure_environment") ?? "").ToUpperInvariant();
        AzureCloud cloud = byHost ?? Clouds.FirstOrDefault(cloud => named == cloud.Name || named == $"AZURE{cloud.Name}CLOUD" || named == $"AZURE{cloud.Name}") ?? Public;

        // Azure's own libraries use the same variable for another Entra ID.
        return setting("AZURE_AUTHORITY_HOST") is { } authority ? cloud with { Authority = authority.TrimEnd('/') + "/" } : cloud;
    }
}
