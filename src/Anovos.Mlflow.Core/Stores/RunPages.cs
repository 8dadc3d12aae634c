using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Adds to a run what the address of its page needs.</summary>
public static class RunPages
{
    /// <summary>Returns the run with the workspace that its page's address names. Asks the server whether it has workspaces.</summary>
    public static async Task<Run> WithWorkspaceAsync(this ITrackingStore store, Run run, CancellationToken cancellationToken) =>
        store.As<RestStore>() is { } server and not WorkspaceStore
            ? run with { Workspace = await server.FindWorkspaceAsync(cancellationToken).ConfigureAwait(false) }
            : run;
}
