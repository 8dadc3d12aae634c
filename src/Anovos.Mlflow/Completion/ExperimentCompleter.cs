using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of experiments.</summary>
public class ExperimentCompleter : IArgumentCompleter
{
    private protected virtual bool TakesWildcards => false;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            Page<Experiment> experiments = await store.SearchExperimentsAsync(new ExperimentSearch(StoreCompletion.ViewOf(commandName)), null, token).ConfigureAwait(false);
            return experiments.Items
                .Where(experiment => NameCompletion.Begins(experiment.Name, wordToComplete))
                .Select(experiment => NameCompletion.Offer(experiment.Name, $"experiment {experiment.ExperimentId}", TakesWildcards));
        });
}

/// <summary>Completes the names of experiments for a parameter that accepts wildcards.</summary>
public sealed class ExperimentPatternCompleter : ExperimentCompleter
{
    private protected override bool TakesWildcards => true;
}
