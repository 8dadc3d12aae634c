using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Runs a script block under its own run: Finished if the block completes, Failed if it throws, Killed on Ctrl+C.</summary>
[Cmdlet(VerbsOther.Use, "MlflowRun", SupportsShouldProcess = true)]
[OutputType(typeof(object))]
public sealed class UseMlflowRunCommand : StartCommand
{
    /// <summary>The workflow that the run is for. Its <c>mlflow</c> block specifies the store.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public override AnovosConfig? Config { get; set; }

    /// <summary>The script block to run; its first argument is the run. It also runs if tracking is off.</summary>
    [Parameter(Position = 0, Mandatory = true)]
    [ValidateNotNull]
    public ScriptBlock ScriptBlock { get; set; } = null!;

    /// <inheritdoc/>
    protected override void Process()
    {
        Run? run = Start(resumeId: null);
        if (run is null)
        {
            // The block still runs if tracking is off, but not if the user declined.
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
            // The block's error is passed on, even if ending the run fails.
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

    // The block's output and errors are streamed as this cmdlet's own, so redirecting the cmdlet redirects them too.
    private void InvokeBlock(Run? run)
    {
        using SteppablePipeline pipeline = ScriptBlock.Create("param($Block, $Run) & $Block $Run").GetSteppablePipeline(CommandOrigin.Internal, [ScriptBlock, run]);
        pipeline.Begin(this);
        pipeline.Process();
        pipeline.End();
    }
}
