using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets the logged models of MLflow 3 by id, by run or by experiment, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowLoggedModel", DefaultParameterSetName = "Search")]
[OutputType("Anovos.Mlflow.Tracking.LoggedModel")]
public sealed class GetMlflowLoggedModelCommand : TrackingCommand
{
    private const int PageSize = 100;

    /// <summary>Model ids.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Id", ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string[] ModelId { get; set; } = [];

    /// <summary>The run that logged the models.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Run", ValueFromPipeline = true)]
    [ValidateNotNull]
    public Run Run { get; set; } = null!;

    /// <summary>Experiment names; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = "Search")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Experiment { get; set; } = ["*"];

    /// <summary>A filter in MLflow's search syntax, such as <c>metrics.rmse &lt; 1</c>.</summary>
    [Parameter(ParameterSetName = "Search")]
    public string? Filter { get; set; }

    /// <summary>The maximum number of models.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "Run")]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ModelRegistry.Of(ResolveConnection((ParameterSetName == "Run" ? Run : null)?.TrackingUri).Store);
        switch (ParameterSetName)
        {
            case "Id":
                ForEach(ModelId, id => WriteObject(Await(token => registry.Logged.GetAsync(id, token))));
                break;
            case "Run":
                Search(registry, [Run.ExperimentId], ModelFilter.LoggedByRun(Run.RunId));
                break;
            default:
                IReadOnlyList<Experiment> experiments = FindExperiments(registry.Store, IsGiven(nameof(Experiment)) ? Experiment : null);
                if (experiments.Count > 0)
                    Search(registry, [.. experiments.Select(experiment => experiment.ExperimentId)], Filter);
                break;
        }
    }

    private void Search(ModelRegistry registry, string[] experimentIds, string? filter) =>
        WritePages(page => registry.Logged.SearchAsync(experimentIds, filter, Math.Min(First, PageSize), page.PageToken, page.Cancellation), filter: null, First);
}
