using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Opens the store that a tracking URI names.</summary>
public static class TrackingStores
{
    /// <summary>Opens the store; nothing is read or sent yet. Credentials in the URI come before those of the environment.</summary>
    /// <param name="target">What the tracking URI names.</param>
    /// <param name="options">How to get in.</param>
    /// <param name="onRetry">Told of each request that will be sent again; from any thread.</param>
    public static ITrackingStore Open(TrackingTarget target, ConnectionOptions options, Action<RetryNotice>? onRetry = null)
    {
        if (target.Server is null)
            return new DirectoryStore(target.Directory!);
        return new RestStore(target.Server, target.Complete(options), onRetry);
    }
}
