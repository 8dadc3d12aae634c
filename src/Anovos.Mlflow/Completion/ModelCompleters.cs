using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of registered models.</summary>
public sealed class ModelNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelCompletion.ModelsAsync(store, token).ConfigureAwait(false))
                .Where(model => ModelCompletion.Begins(model.Name, wordToComplete))
                .Select(model => ModelCompletion.Quoted(model.Name, $"latest version {model.LatestVersion?.ToString() ?? "none"}")));
}

/// <summary>Completes the numbers of versions, once the model is named: the newest first.</summary>
public sealed class ModelVersionCompleter : IArgumentCompleter
{
    private const int Offered = 50;

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        fakeBoundParameters["Name"] is not string name ? [] : StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelRegistry.Of(store).Versions.SearchAsync(ModelFilter.VersionsOfModel(name), Offered, null, token).ConfigureAwait(false)).Items
                .Select(version => (Number: version.Version.ToString(), version.Stage, version.Description))
                .Where(version => version.Number.StartsWith(wordToComplete, StringComparison.Ordinal))
                .Select(version => new CompletionResult(version.Number, version.Number, CompletionResultType.ParameterValue, SafeText.Of($"stage {version.Stage}. {version.Description}"))));
}

/// <summary>Completes the aliases of a model, once it is named.</summary>
public sealed class ModelAliasCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        fakeBoundParameters["Name"] is not string name ? [] : StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelRegistry.Of(store).Models.GetAsync(name, token).ConfigureAwait(false)).Aliases
                .Where(alias => ModelCompletion.Begins(alias.Key, wordToComplete))
                .Select(alias => ModelCompletion.Quoted(alias.Key, $"version {alias.Value}")));
}

/// <summary>Completes the URIs of registered models: by alias, and the latest version.</summary>
public sealed class ModelUriCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        StoreCompletion.Query(fakeBoundParameters, async (store, token) =>
            (await ModelCompletion.ModelsAsync(store, token).ConfigureAwait(false))
                .SelectMany(model => model.Aliases.Select(alias => (Uri: $"models:/{model.Name}@{alias.Key}", Tip: $"version {alias.Value}"))
                    .Append((Uri: $"models:/{model.Name}/latest", Tip: $"version {model.LatestVersion?.ToString() ?? "none"}")))
                .Where(offer => ModelCompletion.Begins(offer.Uri, wordToComplete))
                .Select(offer => ModelCompletion.Quoted(offer.Uri, offer.Tip)));
}

/// <summary>What the completers of models share.</summary>
internal static class ModelCompletion
{
    private const int Offered = 100;

    public static async Task<IReadOnlyList<RegisteredModel>> ModelsAsync(ITrackingStore store, CancellationToken cancellationToken) =>
        (await ModelRegistry.Of(store).Models.SearchAsync(null, Offered, null, cancellationToken).ConfigureAwait(false)).Items;

    public static bool Begins(string text, string typed) => text.StartsWith(typed.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase);

    public static CompletionResult Quoted(string text, string tip) =>
        new($"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'", text, CompletionResultType.ParameterValue, tip);
}
