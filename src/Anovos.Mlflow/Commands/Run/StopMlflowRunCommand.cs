using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Ends a run; the run around it, if there is one, is active again.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class StopMlflowRunCommand : RunCommand
{
    /// <summary>How the run ended.</summary>
    [Parameter(Position = 0)]
    [ValidateSet("Finished", "Failed", "Killed")]
    public string Status { get; set; } = "Finished";

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        if (!ShouldProcess(run.ToString(), $"End as {Status}"))
            return;
        string status = Status;
        Run ended = Await(token => run.Lifecycle.EndAsync(run.RunId, Enum.TryParse(status, out RunStatus parsed) ? parsed : RunStatus.Finished, token));
        Session.Remove(run.RunId);
        WriteObject(ended);
    }
}
