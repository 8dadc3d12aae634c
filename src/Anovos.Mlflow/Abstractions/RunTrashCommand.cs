using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that puts runs into the trash or takes them out. They are always named: the active run is not meant.</summary>
public abstract class RunTrashCommand : TrackingCommand
{
    /// <summary>Ids of runs, or runs from the pipeline; of these the store is taken too.</summary>
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

    /// <summary>Moves one run, if the user agrees.</summary>
    private protected abstract void Move(MlflowConnection connection, string runId);

    /// <summary>A run as the user is asked about it.</summary>
    private protected static string Describe(MlflowConnection connection, Tracking.Run run) => $"run {run.RunId} '{run.RunName}' of '{run.Experiment}' at {connection.TrackingUri}";
}
