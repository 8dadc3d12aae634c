using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The aliases of registered models on a server (<c>registered-models/alias</c>).</summary>
internal sealed class RestModelAliases(RestApi api, string trackingUri) : IModelAliases
{
    /// <inheritdoc/>
    public async Task<ModelVersion> GetAsync(string name, string alias, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await api.GetAsync("registered-models/alias", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("alias", alias)).ConfigureAwait(false);
            return JsonFields.Read(response, trackingUri, json => RegistryEntities.ReadVersion(json.Part("model_version"), trackingUri));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.InvalidValue && e.Message.Contains("not found"))
        {
            // MLflow returns 400 INVALID_PARAMETER_VALUE. Only the text "Registered model alias … not found." distinguishes this case from
            // a name that MLflow refuses (mlflow/store/model_registry: get_model_version_by_alias).
            throw e.Rewrap(RegistryErrors.NoAlias(name, alias), ErrorKind.ModelVersionNotFound, alias);
        }
    }

    /// <inheritdoc/>
    public Task SetAsync(string name, string alias, long version, CancellationToken cancellationToken) =>
        api.PostAsync(
            "registered-models/alias",
            RegistryEntities.Fields(("name", name), ("alias", alias), ("version", version.ToString(CultureInfo.InvariantCulture))),
            ErrorKind.ModelVersionNotFound,
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(string name, string alias, CancellationToken cancellationToken) =>
        api.DeleteAsync(
            "registered-models/alias",
            RegistryEntities.Fields(("name", name), ("alias", alias)),
            ErrorKind.ModelNotFound,
            cancellationToken);
}
