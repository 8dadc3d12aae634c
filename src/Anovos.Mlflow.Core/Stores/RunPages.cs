using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>What the address of a run's page needs beside the run.</summary>
public static class RunPages
{
    /// <summary>The run with the workspace that its page must name. Asks the server whether it has workspaces.</summary>
    public static async Task<Run> WithWorkspaceAsync(this ITrackingStore store, Run run, CancellationToken cancellationToken) =>
        store.As<RestStore>() is { } server and not WorkspaceStore
            ? run with { Workspace = await server.FindWorkspaceAsync(cancellationToken).ConfigureAwait(false) }
            : run;
}
