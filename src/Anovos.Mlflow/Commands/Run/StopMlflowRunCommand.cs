using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Ends a run. The outer run, if any, becomes active again.</summary>
[Cmdlet(VerbsLifecycle.Stop, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class StopMlflowRunCommand : RunCommand
{
    /// <summary>The final status; without it, Finished, or in a pipeline the status of its job.</summary>
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
