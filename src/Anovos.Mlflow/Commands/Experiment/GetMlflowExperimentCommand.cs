using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Experiments by name, with wildcards, or by id; all of them without either.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowExperiment", DefaultParameterSetName = "Name")]
[OutputType("Anovos.Mlflow.Tracking.Experiment")]
public sealed class GetMlflowExperimentCommand : TrackingCommand
{
    /// <summary>Names; wildcards are allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(ExperimentCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Ids.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Id", ValueFromPipelineByPropertyName = true)]
    [Alias("ExperimentId")]
    public string[] Id { get; set; } = [];

    /// <summary>Deleted experiments too.</summary>
    [Parameter(ParameterSetName = "Name")]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        ITrackingStore store = ResolveConnection().Store;
        foreach (string id in Id)
            WriteObject(Await(token => store.GetExperimentAsync(id, token)));
        if (ParameterSetName == "Name")
        {
            foreach (string name in Name)
                WriteNamed(store, name);
        }
    }

    private void WriteNamed(ITrackingStore store, string name)
    {
        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            var pattern = new WildcardPattern(name, WildcardOptions.IgnoreCase);
            var search = new ExperimentSearch(IncludeDeleted ? ViewType.All : ViewType.ActiveOnly);
            WritePages(token => store.SearchExperimentsAsync(search, token.PageToken, token.Cancellation), experiment => pattern.IsMatch(experiment.Name));
            return;
        }

        Experiment? found = Await(token => store.FindExperimentAsync(name, token));
        if (found is null || (found.LifecycleStage == LifecycleStage.Deleted && !IncludeDeleted))
        {
            string state = found is null ? "no experiment" : "only a deleted experiment";
            WriteError(new MlflowException(ErrorKind.ExperimentNotFound, $"There is {state} '{name}' at {store.TrackingUri}. Get-MlflowExperiment lists those there are.").ToErrorRecord(name));
            return;
        }

        WriteObject(found);
    }
}
