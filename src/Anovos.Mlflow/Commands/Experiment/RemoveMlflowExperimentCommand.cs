using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Moves experiments and all their runs to the trash of their store.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowExperiment", DefaultParameterSetName = "Name", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowExperimentCommand : ExperimentCommand
{
    private protected override void Apply(MlflowConnection connection, Experiment experiment)
    {
        if (ShouldProcess(Describe(connection, experiment), "Remove with all its runs"))
            Await(token => connection.Store.MoveExperimentAsync(experiment.ExperimentId, LifecycleStage.Deleted, token));
    }
}
