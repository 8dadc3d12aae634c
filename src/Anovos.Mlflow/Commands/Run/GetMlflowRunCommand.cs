using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Runs by id, or by what a search finds in some or all experiments; the newest first.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowRun", DefaultParameterSetName = "Search")]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class GetMlflowRunCommand : TrackingCommand
{
    private Dictionary<string, Experiment>? _experiments;

    /// <summary>Ids of runs.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Id")]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string[] RunId { get; set; } = [];

    /// <summary>A run or its id, or an experiment, from the pipeline.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject InputObject { get; set; } = null!;

    /// <summary>Names of experiments; wildcards are allowed.</summary>
    [Parameter(ParameterSetName = "Search")]
    [SupportsWildcards]
    [Alias("ExperimentName")]
    [ArgumentCompleter(typeof(ExperimentCompleter))]
    public string[] Experiment { get; set; } = ["*"];

    /// <summary>A filter in MLflow's search syntax, as <c>metrics.rmse &lt; 1 and params.model = 'tree'</c>.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [ValidateNotNullOrEmpty]
    public string? Filter { get; set; }

    /// <summary>What to order by, as <c>metrics.rmse DESC</c>.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    public string[] OrderBy { get; set; } = [];

    /// <summary>How many runs at the most.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <summary>Deleted runs too.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        switch (ParameterSetName == "InputObject" ? InputObject.BaseObject : null)
        {
            case Experiment experiment:
                Search(ResolveConnection().Store, new Dictionary<string, Experiment> { [experiment.ExperimentId] = experiment });
                break;
            case Run run:
                Read(ResolveConnection(run.TrackingUri).Store, [run.RunId]);
                break;
            case { } id:
                Read(ResolveConnection().Store, [id.ToString()!]);
                break;
            case null when ParameterSetName == "Id":
                Read(ResolveConnection().Store, RunId);
                break;
            default:
                ITrackingStore store = ResolveConnection().Store;
                Search(store, Await(token => FindExperimentsAsync(store, token)));
                break;
        }
    }

    private void Read(ITrackingStore store, string[] ids)
    {
        var lifecycle = new RunLifecycle(store, RunEnvironment.Read);
        foreach (string id in ids)
        {
            try
            {
                WriteObject(Await(token => lifecycle.ReadAsync(id, token)));
            }
            catch (MlflowException e) when (!e.IsTerminating())
            {
                WriteError(e.ToErrorRecord(id));
            }
        }
    }

    private void Search(ITrackingStore store, Dictionary<string, Experiment> experiments)
    {
        _experiments = experiments;
        if (experiments.Count == 0)
        {
            WriteVerbose($"No experiment at {store.TrackingUri} is called {string.Join(", ", Experiment)}.");
            return;
        }

        var search = new RunSearch([.. experiments.Keys], Filter)
        {
            OrderBy = OrderBy,
            ViewType = IncludeDeleted ? ViewType.All : ViewType.ActiveOnly,
            MaxResults = Math.Min(First, 1000),
        };
        WritePages(async page => Named(await store.SearchRunsAsync(search, page.PageToken, page.Cancellation).ConfigureAwait(false)), filter: null, First);
    }

    private async Task<Dictionary<string, Experiment>> FindExperimentsAsync(ITrackingStore store, CancellationToken cancellationToken)
    {
        WildcardPattern[] patterns = [.. Experiment.Select(name => new WildcardPattern(name, WildcardOptions.IgnoreCase))];
        var found = new Dictionary<string, Experiment>();
        var tokens = new PageTokens();
        string? pageToken = null;
        do
        {
            Page<Experiment> page = await store.SearchExperimentsAsync(new ExperimentSearch(), pageToken, cancellationToken).ConfigureAwait(false);
            foreach (Experiment experiment in page.Items.Where(experiment => patterns.Any(pattern => pattern.IsMatch(experiment.Name))))
                found[experiment.ExperimentId] = experiment;
            pageToken = tokens.After(page);
        }
        while (pageToken is not null);
        return found;
    }

    private Page<Run> Named(Page<Run> page) =>
        new([.. page.Items.Select(run => _experiments!.TryGetValue(run.ExperimentId, out Experiment? experiment) ? run.In(experiment) : run)], page.NextPageToken);
}
