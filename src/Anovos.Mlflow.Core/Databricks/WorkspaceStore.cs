using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The managed MLflow of a Databricks workspace: an MLflow server with experiments in workspace folders.</summary>
public sealed class WorkspaceStore : RestStore
{
    /// <summary>Opens the workspace at <paramref name="host"/>. Sends nothing yet.</summary>
    /// <param name="host">The workspace's address.</param>
    /// <param name="options">How to connect and sign in.</param>
    /// <param name="onRetry">Called before each retry; from any thread.</param>
    /// <param name="trackingUri">The tracking URI: <c>databricks</c>, or with a profile.</param>
    public WorkspaceStore(Uri host, ConnectionOptions options, Action<RetryNotice>? onRetry, string trackingUri)
        : this(Connect(host, options, onRetry), trackingUri)
    {
    }

    private WorkspaceStore(RestApi api, string trackingUri)
        : this(api, trackingUri, new WorkspaceFolders(api))
    {
    }

    private WorkspaceStore(RestApi api, string trackingUri, WorkspaceFolders folders)
        : base(api, trackingUri, new WorkspaceExperiments(api, trackingUri, folders)) =>
        (Folders, DefaultRegistry) = (folders, new DefaultRegistry(api));

    /// <summary>The folders that hold the experiments.</summary>
    internal WorkspaceFolders Folders { get; }

    /// <summary>Whether models are in Unity Catalog by default; queried once per connection.</summary>
    internal DefaultRegistry DefaultRegistry { get; }
}
