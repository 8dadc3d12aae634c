using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Runs a block under a run of its own: Finished when the block ends, Failed when it throws, Killed on Ctrl+C.</summary>
[Cmdlet(VerbsOther.Use, "MlflowRun", SupportsShouldProcess = true)]
[OutputType(typeof(object))]
public sealed class UseMlflowRunCommand : StartCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

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
            if (!MyInvocation.BoundParameters.ContainsKey("WhatIf"))
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
            End(active, "Killed");
            throw;
        }
        catch (Exception e)
        {
            // The block's error passes through, whatever becomes of the run.
            WriteVerbose($"The block failed: {e.Message}");
            End(active, "Failed");
            throw;
        }

        End(active, "Finished");
    }

    // Writes the block's output and errors as they come, into this cmdlet's own streams.
    private void InvokeBlock(Run? run) =>
        InvokeCommand.InvokeScript("& $args[0] $args[1]", useNewScope: true, PipelineResultTypes.Output | PipelineResultTypes.Error, input: null, ScriptBlock, run);

    private void End(ActiveRun active, string status)
    {
        Session.Remove(active.Run.RunId);
        var lifecycle = new RunLifecycle(active.Connection.Store, RunEnvironment.Read);

        // On Ctrl+C the cmdlet's own token is cancelled already, and the run must end all the same.
        using var patience = new CancellationTokenSource(Patience);
        Task ending = Task.Run(() => lifecycle.EndAsync(active.Run.RunId, Enum.TryParse(status, out RunStatus parsed) ? parsed : RunStatus.Failed, patience.Token), patience.Token);
        try
        {
            ending.GetAwaiter().GetResult();
        }
        catch (Exception e) when (status != "Finished" && e is MlflowException or OperationCanceledException)
        {
            WriteWarning($"Run {active.Run.RunId} could not be ended as {status}: {e.Message}");
        }
    }
}
