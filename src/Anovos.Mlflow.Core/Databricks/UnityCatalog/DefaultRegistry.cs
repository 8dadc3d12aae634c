using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Finds the default registry of a workspace: Unity Catalog's if the workspace's default catalog is in Unity Catalog, else the workspace's
/// own. Thread-safe.
/// </summary>
internal sealed class DefaultRegistry(RestApi api)
{
    private const string Assignment = "api/2.1/unity-catalog/current-metastore-assignment";

    // The default catalog of workspaces without Unity Catalog, and of those that have not migrated to it.
    private const string Hive = "hive_metastore";

    private volatile Task<bool>? _isUnityCatalog;

    /// <summary>Whether the default registry is that of Unity Catalog.</summary>
    public async Task<bool> IsUnityCatalogAsync(CancellationToken cancellationToken)
    {
        Task<bool> asked = _isUnityCatalog ??= AskAsync(cancellationToken);
        try
        {
            return await asked.ConfigureAwait(false);
        }
        catch
        {
            _isUnityCatalog = null;
            throw;
        }
    }

    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await api.GetAddressAsync(
                Assignment, ErrorKind.NotSupported, cancellationToken).ConfigureAwait(false);
            return JsonFields.Read(response, api.Server.Host, json => json.Text("default_catalog_name") is { Length: > 0 } catalog
                && catalog != Hive);
        }
        catch (MlflowException e) when (e.IsRefused())
        {
            // There is no metastore, or no permission to see it.
            return false;
        }
    }
}
