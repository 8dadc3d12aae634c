using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Compares runs: returns a row for each param, latest metric and tag that differs.</summary>
[Cmdlet(VerbsData.Compare, "MlflowRun", DefaultParameterSetName = "Id")]
[OutputType("Anovos.Mlflow.Tracking.RunDifference")]
public sealed class CompareMlflowRunCommand : TrackingCommand
{
    private readonly List<Run> _runs = [];

    /// <summary>Ids of runs.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Id")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string[] RunId { get; set; } = [];

    /// <summary>A run or its id, from the pipeline.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject InputObject { get; set; } = null!;

    /// <summary>Also returns keys whose value is the same in all runs.</summary>
    [Parameter]
    public SwitchParameter IncludeEqual { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "InputObject" && InputObject.BaseObject is Run run)
        {
            _runs.Add(run);
            return;
        }

        ITrackingStore store = ResolveConnection().Store;
        ForEach(
            ParameterSetName == "Id" ? RunId : [InputObject.BaseObject.ToString()!],
            id => _runs.Add(Await(token => new RunLifecycle(store, RunEnvironment.Read).ReadAsync(id, token))));
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_runs.Select(run => run.RunId).Distinct().Count() < 2)
            throw new MlflowException(ErrorKind.InvalidValue, "A comparison needs at least two different runs. Specify them with -RunId, or pipe them in: Get-MlflowRun -First 2 | Compare-MlflowRun.");
        WriteObject(RunComparison.Of(_runs).Where(row => IncludeEqual || !row.IsEqual), enumerateCollection: true);
    }
}
