using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Restores removed runs from the trash of their store.</summary>
[Cmdlet(VerbsData.Restore, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class RestoreMlflowRunCommand : RunTrashCommand
{
    /// <summary>Returns the restored runs.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override void Move(MlflowConnection connection, string runId)
    {
        Run run = Await(token => new LifecycleChecks(connection.Store).RunToRestoreAsync(runId, token));
        if (!ShouldProcess(Describe(connection, run), "Restore"))
            return;
        Await(token => connection.Store.MoveRunAsync(runId, LifecycleStage.Active, token));
        if (PassThru)
            WriteObject(Await(token => new RunLifecycle(connection.Store, RunEnvironment.Read).ReadAsync(runId, token)));
    }
}
