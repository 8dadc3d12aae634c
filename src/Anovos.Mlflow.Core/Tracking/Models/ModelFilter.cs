namespace Anovos.Mlflow.Tracking;

/// <summary>Creates filters in MLflow's search syntax for models and their versions.</summary>
public static class ModelFilter
{
    /// <summary>Selects prompts. MLflow keeps them as models and leaves them out of searches that do not ask for them.</summary>
    internal const string Prompts = $"tags.`{PromptTag}` = 'true'";

    private const string PromptTag = "mlflow.prompt.is_prompt";

    /// <summary>Whether a model or version with these tags is a prompt.</summary>
    internal static bool IsPrompt(IReadOnlyDictionary<string, string> tags) =>
        tags.TryGetValue(PromptTag, out string? value) && value.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc cref="IsPrompt(IReadOnlyDictionary{string, string})"/>
    internal static bool IsPrompt(Tag tag) => tag.Key == PromptTag && tag.Value.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Selects the versions of a registered model.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a name with both kinds of quotes.</exception>
    public static string VersionsOfModel(string name) => $"name = {Quote(name)}";

    /// <summary>Selects the versions that were created from a run.</summary>
    public static string VersionsOfRun(string runId) => $"run_id = {Quote(runId)}";

    /// <summary>Selects the logged models of a run.</summary>
    public static string LoggedByRun(string runId) => $"source_run_id = {Quote(runId)}";

    // The syntax allows either kind of quotes around a text, but has no escape for quotes inside it.
    private static string Quote(string text)
    {
        if (!text.Contains('\''))
            return $"'{text}'";
        return text.Contains('"')
            ? throw new MlflowException(ErrorKind.InvalidValue, $"MLflow cannot search for '{text}': it contains both kinds of quotes.") { Target = text }
            : $"\"{text}\"";
    }
}
