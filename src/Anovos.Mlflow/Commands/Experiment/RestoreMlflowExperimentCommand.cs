using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Restores removed experiments and all their runs from the trash.</summary>
[Cmdlet(VerbsData.Restore, "MlflowExperiment", DefaultParameterSetName = "Name", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Experiment")]
public sealed class RestoreMlflowExperimentCommand : ExperimentCommand
{
    /// <summary>Returns the restored experiments.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override bool InTrash => true;

    private protected override void Apply(MlflowConnection connection, Experiment experiment)
    {
        if (!ShouldProcess(Describe(connection, experiment), "Restore with all its runs"))
            return;
        Await(token => connection.Store.MoveExperimentAsync(experiment.ExperimentId, LifecycleStage.Active, token));
        if (PassThru)
            WriteObject(Await(token => connection.Store.GetExperimentAsync(experiment.ExperimentId, token)));
    }
}
