using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Queries the store of the command being typed, for at most as long as a user waits for a completion.</summary>
internal static class StoreCompletion
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Returns the completions from the store; none if the query fails, because a completer must not show errors.</summary>
    public static IEnumerable<CompletionResult> Query(IDictionary boundParameters, Func<ITrackingStore, CancellationToken, Task<IEnumerable<CompletionResult>>> query)
    {
        try
        {
            MlflowConnection connection = boundParameters["Connection"] as MlflowConnection
                ?? MlflowSession.Of(Runspace.DefaultRunspace)
                    .Resolve(boundParameters["TrackingUri"] as string, uri => StorePath.Parse(Session(), uri));
            using var patience = new CancellationTokenSource(Patience);
            using ITrackingStore store = connection.OpenWithoutRetries();
            return [.. Task.Run(() => query(store, patience.Token), patience.Token).GetAwaiter().GetResult()];
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            return [];
        }
    }

    /// <summary>Returns the view to complete from: deleted items for a command that restores, else active items.</summary>
    public static ViewType ViewOf(string commandName) =>
        commandName.StartsWith("Restore-", StringComparison.OrdinalIgnoreCase) ? ViewType.DeletedOnly : ViewType.ActiveOnly;

    // While a runspace completes a line, its session state can only be read from inside it.
    private static SessionState Session()
    {
        using var pipeline = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        return pipeline.AddScript("$ExecutionContext.SessionState").Invoke<SessionState>().Single();
    }
}
