using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Maps experiment names to their names at the target of a copy.</summary>
internal sealed class CopyNames
{
    private readonly string? _one;
    private readonly object? _path;

    /// <param name="one">The single experiment for all runs; null for one target experiment per source experiment.</param>
    /// <param name="path">A folder, or a script block that returns the new name for the name in <c>$_</c>; null keeps the names.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public CopyNames(string? one, object? path)
    {
        (_one, _path) = (one, path is PSObject wrapped ? wrapped.BaseObject : path);
        if (_one is not null && _path is not null)
            throw Invalid("-DestinationExperiment and -ExperimentPath both set the target experiment. Use only one of them.");
        if (_path is not (null or ScriptBlock or string { Length: > 0 }))
            throw Invalid("-ExperimentPath must be a script block, such as { \"/Shared/$_\" }, or a folder for the experiments, such as '/Shared'.");
    }

    /// <summary>Whether all experiments keep their names.</summary>
    public bool Keeps => _one is null && _path is null;

    /// <summary>Returns the target name of a source experiment. Call it on the pipeline thread only: it may run a script block.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the script block fails or returns no name.</exception>
    public string NameOf(string experiment) => _one ?? _path switch
    {
        ScriptBlock script => Run(script, experiment),
        string folder => $"{folder.TrimEnd('/')}/{experiment.TrimStart('/')}",
        _ => experiment,
    };

    private static string Run(ScriptBlock script, string experiment)
    {
        try
        {
            PSObject[] names = [.. script.InvokeWithContext(null, [new PSVariable("_", experiment)]).Where(name => name is not null)];
            return names.Length == 1 && names[0].ToString() is { Length: > 0 } name
                ? name
                : throw Invalid(
                    $"The script of -ExperimentPath returned {names.Length} values for the experiment '{experiment}', not one name.");
        }
        catch (RuntimeException e)
        {
            throw Invalid($"The script of -ExperimentPath failed for the experiment '{experiment}': {e.Message}");
        }
    }

    private static MlflowException Invalid(string message) => new(ErrorKind.InvalidValue, message);
}
