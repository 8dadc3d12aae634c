using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that moves runs to the trash or restores them. Runs must be specified: the active run is never the default.</summary>
public abstract class RunTrashCommand : TrackingCommand
{
    /// <summary>Ids of runs, or runs from the pipeline, whose store is used.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string[] RunId { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        MlflowConnection connection = ResolveConnection();
        foreach (string id in RunId)
        {
            try
            {
                Move(connection, id);
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(id));
            }
        }
    }

    /// <summary>Moves one run, if the user confirms it.</summary>
    private protected abstract void Move(MlflowConnection connection, string runId);

    /// <summary>Describes a run in a confirmation prompt.</summary>
    private protected static string Describe(MlflowConnection connection, Tracking.Run run) => $"run {run.RunId} '{run.RunName}' of '{run.Experiment}' at {connection.TrackingUri}";
}
