using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes run ids, the newest first, and shows the name, status and start time.</summary>
public sealed class RunIdCompleter : IArgumentCompleter
{
    private const int Offered = 50;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            Page<Experiment> experiments = await store.SearchExperimentsAsync(new ExperimentSearch(), null, token).ConfigureAwait(false);
            var search = new RunSearch([.. experiments.Items.Select(experiment => experiment.ExperimentId)]) { MaxResults = Offered, ViewType = StoreCompletion.ViewOf(commandName) };
            Page<Run> runs = await store.SearchRunsAsync(search, null, token).ConfigureAwait(false);
            return runs.Items
                .Where(run => run.RunId.StartsWith(wordToComplete, StringComparison.OrdinalIgnoreCase))
                .Select(run => new CompletionResult(run.RunId, $"{run.RunId}  {run.RunName}", CompletionResultType.ParameterValue, $"{run.RunName}, {run.Status}, started {run.StartTime.LocalDateTime:g}"));
        });
}
