using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The model registry of an MLflow server.</summary>
internal sealed class RestModelRegistry(RestApi api, string trackingUri) : IModelRegistry
{
    /// <inheritdoc/>
    public string TrackingUri => trackingUri;

    /// <inheritdoc/>
    public IRegisteredModels Models { get; } = new RestRegisteredModels(api, trackingUri);

    /// <inheritdoc/>
    public IModelVersions Versions { get; } = new RestModelVersions(api, trackingUri);

    /// <inheritdoc/>
    public IModelAliases Aliases { get; } = new RestModelAliases(api, trackingUri);
}
