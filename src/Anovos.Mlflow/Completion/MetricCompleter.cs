using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the metric names of the command's run, and shows the latest values.</summary>
public sealed class MetricCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string? runId = (fakeBoundParameters["Run"] as Run)?.RunId ?? fakeBoundParameters["RunId"] as string ?? MlflowSession.Of(Runspace.DefaultRunspace).Active?.Run.RunId ?? RunEnvironment.Read("MLFLOW_RUN_ID");
        if (runId is not { Length: > 0 })
            return [];
        return StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            Run run = await store.GetRunAsync(runId, token).ConfigureAwait(false);
            return run.Metrics
                .Where(metric => NameCompletion.Begins(metric.Key, wordToComplete))
                .OrderBy(metric => metric.Key, StringComparer.Ordinal)
                .Select(metric => NameCompletion.Offer(metric.Key, FormattableString.Invariant($"latest {metric.Value}"), wildcards: true));
        });
    }
}
