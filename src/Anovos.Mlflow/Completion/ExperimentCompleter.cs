using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of experiments.</summary>
public sealed class ExperimentCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            Page<Experiment> experiments = await store.SearchExperimentsAsync(new ExperimentSearch(StoreCompletion.ViewOf(commandName)), null, token).ConfigureAwait(false);
            return experiments.Items
                .Where(experiment => experiment.Name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
                .Select(experiment => new CompletionResult($"'{CodeGeneration.EscapeSingleQuotedStringContent(experiment.Name)}'", experiment.Name, CompletionResultType.ParameterValue, $"experiment {experiment.ExperimentId}"));
        });
}
