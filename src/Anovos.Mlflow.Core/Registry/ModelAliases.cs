using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Registry;

/// <summary>The aliases of registered models (<c>registered-models/alias</c>): names that point to versions.</summary>
public sealed class ModelAliases
{
    private readonly RestApi _api;
    private readonly string _trackingUri;

    internal ModelAliases(RestApi api, string trackingUri) => (_api, _trackingUri) = (api, trackingUri);

    /// <summary>The version that an alias points to.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    public async Task<ModelVersion> GetAsync(string name, string alias, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement answer = await _api.GetAsync("registered-models/alias", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("alias", alias)).ConfigureAwait(false);
            return JsonAnswer.Read(answer, _trackingUri, json => RegistryEntities.ReadVersion(json.Part("model_version"), _trackingUri));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.InvalidValue && e.Message.Contains("not found"))
        {
            // A missing alias is a 400 of MLflow's.
            throw new MlflowException(ErrorKind.ModelVersionNotFound, $"The registered model '{name}' has no alias '{alias}'. Get-MlflowRegisteredModel shows those it has; Set-MlflowModelAlias makes one.", e) { Target = alias, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
        }
    }

    /// <summary>Has an alias point to a version, whatever it pointed to before.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a name that no alias may have.</exception>
    public Task SetAsync(string name, string alias, long version, CancellationToken cancellationToken) =>
        _api.PostAsync(
            "registered-models/alias",
            body =>
            {
                body.WriteString("name", name);
                body.WriteString("alias", alias);
                body.WriteString("version", version.ToString(CultureInfo.InvariantCulture));
            },
            ErrorKind.ModelVersionNotFound,
            cancellationToken);

    /// <summary>Removes an alias; MLflow takes one that is not there for removed.</summary>
    public Task DeleteAsync(string name, string alias, CancellationToken cancellationToken) =>
        _api.DeleteAsync(
            "registered-models/alias",
            body =>
            {
                body.WriteString("name", name);
                body.WriteString("alias", alias);
            },
            ErrorKind.ModelNotFound,
            cancellationToken);
}
