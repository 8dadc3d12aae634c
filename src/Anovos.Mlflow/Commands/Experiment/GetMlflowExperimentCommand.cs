using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets experiments by name, with wildcards, or by id; without either, gets all experiments.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowExperiment", DefaultParameterSetName = "Name")]
[OutputType("Anovos.Mlflow.Tracking.Experiment")]
public sealed class GetMlflowExperimentCommand : TrackingCommand
{
    /// <summary>Experiment names; wildcards are allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>An experiment, or a run of an experiment, from the pipeline. The experiment is looked up by its id.</summary>
    [Parameter(ParameterSetName = "Name", ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>Experiment ids.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Id", ValueFromPipelineByPropertyName = true)]
    [Alias("ExperimentId")]
    public string[] Id { get; set; } = [];

    /// <summary>Also gets deleted experiments.</summary>
    [Parameter(ParameterSetName = "Name")]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ITrackingStore store = ResolveConnection().Store;
        WarnIfMissing(store);
        foreach (string id in Id)
            WriteObject(Await(token => store.GetExperimentAsync(id, token)));
        if (ParameterSetName != "Name")
            return;
        if (PipedObject(InputObject) is { } input)
            ForEach([input], piped => WritePiped(store, piped));
        else if (!IsGiven(nameof(Name)))
            WriteAll(store, filter: null);
        else
            ForEach(Name, name => WriteNamed(store, new NamePattern(name)));
    }

    private void WritePiped(ITrackingStore store, PSObject input)
    {
        if ((input.Properties["ExperimentId"] ?? input.Properties["Id"])?.Value?.ToString() is { } id)
            WriteObject(Await(token => store.GetExperimentAsync(id, token)));
        else
            WriteNamed(store, NamePattern.Literal(input.ToString()));
    }

    private void WriteNamed(ITrackingStore store, NamePattern name)
    {
        Experiment? found = Await(token => store.FindExperimentAsync(name, token));
        if (found is null && name.HasWildcards)
        {
            WriteAll(store, experiment => name.Matches(experiment.Name));
            return;
        }

        if (found is null || (found.LifecycleStage == LifecycleStage.Deleted && !IncludeDeleted))
        {
            string state = found is null ? "no experiment" : "only a deleted experiment";
            throw new MlflowException(
                ErrorKind.ExperimentNotFound, $"There is {state} '{name}' at {store.TrackingUri}. Get-MlflowExperiment lists them.");
        }

        WriteObject(found);
    }

    private void WriteAll(ITrackingStore store, Func<Experiment, bool>? filter)
    {
        var search = new ExperimentSearch(IncludeDeleted ? ViewType.All : ViewType.ActiveOnly);
        WritePages(page => store.SearchExperimentsAsync(search, page.PageToken, page.Cancellation), filter);
    }
}
