using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Opens the store that a tracking URI names.</summary>
public static class TrackingStores
{
    /// <summary>Opens the store. Nothing is read or sent yet.</summary>
    /// <param name="target">The target of the tracking URI.</param>
    /// <param name="options">The connection options, from <see cref="TrackingTarget.Complete"/>.</param>
    /// <param name="onRetry">Called for each request that will be retried; from any thread.</param>
    /// <param name="warn">Called with warnings about data in a folder that cannot be read; from any thread.</param>
    public static ITrackingStore Open(
        TrackingTarget target, ConnectionOptions options, Action<RetryNotice>? onRetry = null, Action<string>? warn = null)
    {
        if (target.Directory is not null)
            return new DirectoryStore(target.Directory, warn);
        if (target.Database is not null)
            return new SqliteStore(target.Database);
        return target.IsDatabricks
            ? new WorkspaceStore(options.DatabricksHost!, options, onRetry, target.Uri)
            : new RestStore(target.Server!, options, onRetry);
    }
}
