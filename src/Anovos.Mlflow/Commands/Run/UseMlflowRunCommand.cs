using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Runs a block under a run of its own: Finished when the block ends, Failed when it throws, Killed on Ctrl+C.</summary>
[Cmdlet(VerbsOther.Use, "MlflowRun", SupportsShouldProcess = true)]
[OutputType(typeof(object))]
public sealed class UseMlflowRunCommand : StartCommand
{
    /// <summary>The workflow that the run is for; its <c>mlflow</c> block says where to track to.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public override AnovosConfig? Config { get; set; }

    /// <summary>What to run; the run is its first argument. It runs without tracking where tracking is off.</summary>
    [Parameter(Position = 0, Mandatory = true)]
    [ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <inheritdoc/>
    protected override void Process()
    {
        Run? run = Start(resumeId: null);
        if (run is null)
        {
            // A workflow that is not tracked runs all the same; a block that the user declined does not.
            if (IsTrackingOff)
                InvokeBlock(null);
            return;
        }

        ActiveRun active = Session.Active!;
        try
        {
            InvokeBlock(run);
        }
        catch (PipelineStoppedException)
        {
            EndQuietly(active, "Killed");
            throw;
        }
        catch (Exception e)
        {
            // The block's error passes through, whatever becomes of the run.
            WriteVerbose($"The block failed: {e.Message}");
            EndQuietly(active, "Failed");
            throw;
        }

        Session.Remove(run.RunId);
        var lifecycle = new RunLifecycle(active.Connection.Store, RunEnvironment.Read);
        Run ended = Await(token => lifecycle.EndAsync(run.RunId, run.Experiment, RunStatus.Finished, token));
        TellEnd(RunSummary.Of(
            ended, active.Connection.WorkspaceUrl), active.Connection.Store, active.Connection.WorkspaceUrl, run.TrackingUri);
    }

    // The block's output and errors come as they are written, and as this cmdlet's own: a redirection of it takes them too.
    private void InvokeBlock(Run? run)
    {
        using SteppablePipeline pipeline = ScriptBlock.Create("param($Block, $Run) & $Block $Run").GetSteppablePipeline(CommandOrigin.Internal, [ScriptBlock, run]);
        pipeline.Begin(this);
        pipeline.Process();
        pipeline.End();
    }
}
