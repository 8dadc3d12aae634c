using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The aliases of Unity Catalog's registered models.</summary>
internal sealed class UnityCatalogAliases(UnityCatalogApi api) : IModelAliases
{
    private const string Operation = "registered-models/alias";

    /// <inheritdoc/>
    public async Task<ModelVersion> GetAsync(string name, string alias, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await api.GetAsync(
                Operation, name, ErrorKind.ModelVersionNotFound, cancellationToken, ("alias", alias)).ConfigureAwait(false);
            return api.Read(response, json => api.ReadVersion(json.Part("model_version")));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelVersionNotFound
            && e.Message.IndexOf("alias", StringComparison.OrdinalIgnoreCase) >= 0) // there is no separate error code for it
        {
            throw e.Rewrap(RegistryErrors.NoAlias(name, alias), ErrorKind.ModelVersionNotFound, alias);
        }
    }

    /// <inheritdoc/>
    public Task SetAsync(string name, string alias, long version, CancellationToken cancellationToken) => api.PostAsync(
        Operation,
        name,
        ErrorKind.ModelVersionNotFound,
        cancellationToken,
        ("alias", alias),
        ("version", version.ToString(CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public Task DeleteAsync(string name, string alias, CancellationToken cancellationToken) =>
        api.DeleteAsync(Operation, name, ErrorKind.ModelNotFound, cancellationToken, ("alias", alias));
}
