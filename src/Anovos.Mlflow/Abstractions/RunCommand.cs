using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that works on one run: the specified run, else this session's active run, else the run in <c>MLFLOW_RUN_ID</c>.</summary>
public abstract class RunCommand : TrackingCommand
{
    /// <summary>The id of the run.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string? RunId { get; set; }

    /// <summary>The run. For a run from the pipeline, its id and store are used.</summary>
    [Parameter]
    [ValidateNotNull]
    public Run? Run { get; set; }

    /// <summary>Resolves the run to work on, and its store.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NoActiveRun"/></exception>
    internal RunReference ResolveRun() => ResolveRun(Run?.RunId ?? RunId, Run?.TrackingUri);
}
