using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Moves runs to the trash of their store.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowRun", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowRunCommand : RunTrashCommand
{
    private protected override void Move(MlflowConnection connection, string runId)
    {
        if (Session.Find(runId) is not null)
            throw new MlflowException(ErrorKind.InvalidValue, $"Run {runId} is active in this session. End it first with Stop-MlflowRun.") { Target = runId };
        Run run = Await(token => new LifecycleChecks(connection.Store).RunToRemoveAsync(runId, token));
        if (ShouldProcess(Describe(connection, run), "Remove"))
            Await(token => connection.Store.MoveRunAsync(runId, LifecycleStage.Deleted, token));
    }
}
