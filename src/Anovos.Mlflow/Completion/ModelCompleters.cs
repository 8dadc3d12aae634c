using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of registered models.</summary>
public class ModelNameCompleter : IArgumentCompleter
{
    private protected virtual bool TakesWildcards => false;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelCompletion.ModelsAsync(store, token).ConfigureAwait(false))
                .Where(model => NameCompletion.Begins(model.Name, wordToComplete))
                .Select(model => NameCompletion.Offer(model.Name, $"latest version {model.LatestVersion?.ToString() ?? "none"}", TakesWildcards)));
}

/// <summary>Completes the names of registered models for a parameter that accepts wildcards.</summary>
public sealed class ModelPatternCompleter : ModelNameCompleter
{
    private protected override bool TakesWildcards => true;
}

/// <summary>Completes version numbers after the model has been typed, the newest first.</summary>
public sealed class ModelVersionCompleter : IArgumentCompleter
{
    private const int Offered = 50;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        fakeBoundParameters["Name"] is not string name ? [] : StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            ModelRegistry registry = ModelRegistry.Of(store);
            string filter = ModelFilter.VersionsOfModel(await registry.Models.ResolveNameAsync(name, token).ConfigureAwait(false));
            return (await registry.Versions.SearchAsync(filter, Offered, null, token).ConfigureAwait(false)).Items
                .Select(version => (Number: version.Version.ToString(), version.Stage, version.Description))
                .Where(version => version.Number.StartsWith(wordToComplete, StringComparison.Ordinal))
                .Select(version => new CompletionResult(version.Number, version.Number, CompletionResultType.ParameterValue, SafeText.Of($"stage {version.Stage}. {version.Description}")));
        });
}

/// <summary>Completes the aliases of a model after it has been typed.</summary>
public sealed class ModelAliasCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        fakeBoundParameters["Name"] is not string name ? [] : StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
        {
            RegisteredModel? model = await ModelRegistry.Of(store).Models.FindAsync(new NamePattern(name), token).ConfigureAwait(false);
            return (model?.Aliases ?? new Dictionary<string, long>())
                .Where(alias => NameCompletion.Begins(alias.Key, wordToComplete))
                .Select(alias => NameCompletion.Offer(alias.Key, $"version {alias.Value}"));
        });
}

/// <summary>Completes the URIs of registered models: one for each alias, and one for the latest version.</summary>
public sealed class ModelUriCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelCompletion.ModelsAsync(store, token).ConfigureAwait(false))
                .SelectMany(model => model.Aliases.Select(alias => (Uri: $"models:/{model.Name}@{alias.Key}", Tip: $"version {alias.Value}"))
                    .Append((Uri: $"models:/{model.Name}/latest", Tip: $"version {model.LatestVersion?.ToString() ?? "none"}")))
                .Where(offer => NameCompletion.Begins(offer.Uri, wordToComplete))
                .Select(offer => NameCompletion.Offer(offer.Uri, offer.Tip)));
}

/// <summary>Searches models for the completers.</summary>
internal static class ModelCompletion
{
    private const int Offered = 100;

    public static async Task<IReadOnlyList<RegisteredModel>> ModelsAsync(ITrackingStore store, CancellationToken cancellationToken) =>
        (await ModelRegistry.Of(store).Models.SearchAsync(null, Offered, null, cancellationToken).ConfigureAwait(false)).Items;
}
