using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that works on one run: the one it is given, else this session's active run, else the one in <c>MLFLOW_RUN_ID</c>.</summary>
public abstract class RunCommand : TrackingCommand
{
    /// <summary>The id of the run.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string? RunId { get; set; }

    /// <summary>The run. From the pipeline its id and its store are taken.</summary>
    [Parameter]
    [ValidateNotNull]
    public Run? Run { get; set; }

    /// <summary>The run to work on and the store that holds it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NoActiveRun"/></exception>
    internal RunReference ResolveRun() => ResolveRun(Run?.RunId ?? RunId, Run?.TrackingUri);
}
