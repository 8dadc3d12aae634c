namespace Anovos.Mlflow.Tracking;

/// <summary>Filters in MLflow's search syntax for models and their versions.</summary>
public static class ModelFilter
{
    /// <summary>The versions of a registered model.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a name with both kinds of quotes.</exception>
    public static string VersionsOfModel(string name) => $"name = {Quote(name)}";

    /// <summary>The versions that were created from a run.</summary>
    public static string VersionsOfRun(string runId) => $"run_id = {Quote(runId)}";

    /// <summary>The logged models of a run.</summary>
    public static string LoggedByRun(string runId) => $"source_run_id = {Quote(runId)}";

    // The syntax allows either kind of quotes around a text, and has no escape for them within it.
    private static string Quote(string text)
    {
        if (!text.Contains('\''))
            return $"'{text}'";
        return text.Contains('"')
            ? throw new MlflowException(ErrorKind.InvalidValue, $"MLflow cannot search for '{text}': it contains both kinds of quotes.") { Target = text }
            : $"\"{text}\"";
    }
}
