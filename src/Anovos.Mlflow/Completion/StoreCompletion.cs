using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Asks the store of the command being typed, and no longer than a person waits for a completion.</summary>
internal static class StoreCompletion
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What the store offers; nothing where it cannot be asked: a completer must not disturb the line.</summary>
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

    /// <summary>What there is to complete for a command: what is removed for one that restores.</summary>
    public static ViewType ViewOf(string commandName) =>
        commandName.StartsWith("Restore-", StringComparison.OrdinalIgnoreCase) ? ViewType.DeletedOnly : ViewType.ActiveOnly;

    // The session state of a runspace that is just completing a line can only be asked from inside it.
    private static SessionState Session()
    {
        using var pipeline = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        return pipeline.AddScript("$ExecutionContext.SessionState").Invoke<SessionState>().Single();
    }
}
