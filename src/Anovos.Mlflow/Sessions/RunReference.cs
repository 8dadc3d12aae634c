using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>Refers to a run: its id, its store, and the workflow it was started for.</summary>
internal sealed class RunReference(string runId, MlflowConnection connection, AnovosConfig? config)
{
    public string RunId { get; } = runId;

    public AnovosConfig? Config { get; } = config;

    public ITrackingStore Store => connection.Store;

    public string TrackingUri => connection.TrackingUri;

    public string? WorkspaceUrl => connection.WorkspaceUrl;

    public RunLifecycle Lifecycle => new(Store, RunEnvironment.Read);

    /// <summary>Opens the run's artifacts.</summary>
    public async Task<IArtifactStore> OpenArtifactsAsync(CancellationToken cancellationToken) =>
        ArtifactStores.Open(await Store.GetRunAsync(RunId, cancellationToken).ConfigureAwait(false), Store, notice => connection.Listener?.Retrying(notice), message => connection.Listener?.Warn(message));

    /// <summary>Opens access to buckets for this run.</summary>
    public BucketAccess OpenBuckets() => new(Store, notice => connection.Listener?.Retrying(notice), message => connection.Listener?.Warn(message));

    public override string ToString() => $"run {RunId} at {connection.TrackingUri}";
}
