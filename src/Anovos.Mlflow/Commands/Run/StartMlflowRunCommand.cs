using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Completion;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Starts a run, or resumes one, and makes it this session's active run. Child processes find it in <c>MLFLOW_RUN_ID</c>,
/// <c>MLFLOW_TRACKING_URI</c> and <c>MLFLOW_EXPERIMENT_ID</c>.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "MlflowRun", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class StartMlflowRunCommand : StartCommand
{
    /// <summary>The workflow that the run is for. Its <c>mlflow</c> block specifies the store.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public override AnovosConfig? Config { get; set; }

    /// <summary>The id of a run to resume.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string? RunId { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (Start(RunId) is { } run)
            WriteObject(run);
    }
}
