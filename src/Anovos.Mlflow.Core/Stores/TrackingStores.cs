using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Opens the store that a tracking URI names.</summary>
public static class TrackingStores
{
    /// <summary>Opens the store; nothing is read or sent yet.</summary>
    /// <param name="target">What the tracking URI names.</param>
    /// <param name="options">How to get in, as <see cref="TrackingTarget.Complete"/> gives them.</param>
    /// <param name="onRetry">Told of each request that will be sent again; from any thread.</param>
    public static ITrackingStore Open(TrackingTarget target, ConnectionOptions options, Action<RetryNotice>? onRetry = null)
    {
        if (target.Directory is not null)
            return new DirectoryStore(target.Directory);
        return target.IsDatabricks ? new RestStore(options.Databricks!.Host, SignIn(options), onRetry, target.Uri) : new RestStore(target.Server!, options, onRetry);
    }

    /// <summary>The options with who signs the requests; more than one store may be opened with them, and they share its tokens.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> where there is nothing to sign in to a workspace with.</exception>
    public static ConnectionOptions SignIn(ConnectionOptions options)
    {
        if (options.Databricks is null || options.Identity is not null)
            return options;
        var identity = new DatabricksIdentity(options.Databricks, options);
        return options with { Identity = identity, CredentialSource = identity.Source };
    }
}
