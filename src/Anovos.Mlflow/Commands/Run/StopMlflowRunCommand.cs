using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Ends a run; the run around it, if there is one, is active again.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class StopMlflowRunCommand : RunCommand
{
    /// <summary>How the run ended; without it Finished, and in a pipeline as its job stands.</summary>
    [Parameter(Position = 0)]
    [ValidateSet("Finished", "Failed", "Killed")]
    public string? Status { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        string status = Status ?? Pipeline?.RunStatus ?? "Finished", trackingUri = run.Store.TrackingUri;
        if (!ShouldProcess(run.ToString(), $"End as {status}"))
            return;
        string? experiment = Session.Find(run.RunId)?.Run.Experiment;
        Run ended = Await(token => run.Lifecycle.EndAsync(run.RunId, experiment, Enum.TryParse(status, out RunStatus parsed) ? parsed : RunStatus.Finished, token));
        Session.Remove(run.RunId);
        TellEnd(RunSummary.Of(ended, run.WorkspaceUrl), run.Store, run.WorkspaceUrl, trackingUri);
        WriteObject(ended);
    }
}
