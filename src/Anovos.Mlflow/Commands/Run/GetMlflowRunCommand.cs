using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets runs by id, or from a search in some or all experiments, the newest first.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowRun", DefaultParameterSetName = "Search")]
[OutputType("Anovos.Mlflow.Tracking.Run")]
[OutputType(typeof(PSObject))]
public sealed class GetMlflowRunCommand : TrackingCommand
{
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
    [ValidateNotNullOrEmpty]
    [Alias("ExperimentName")]
    [ArgumentCompleter(typeof(ExperimentPatternCompleter))]
    public string[] Experiment { get; set; } = ["*"];

    /// <summary>Only runs with this name, case-sensitive; wildcards <c>*</c> and <c>?</c> are allowed.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [Alias("RunName")]
    public string? Name { get; set; }

    /// <summary>Only runs with one of these statuses.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [ValidateSet("Running", "Scheduled", "Finished", "Failed", "Killed")]
    public string[] Status { get; set; } = [];

    /// <summary>Only runs that started at this time or later: a date, Unix seconds or Unix milliseconds.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [Time]
    public DateTime? Since { get; set; }

    /// <summary>Only runs with all these tags, case-sensitive; wildcards <c>*</c> and <c>?</c> are allowed in the values.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [ValidateNotNull]
    public IDictionary? Tag { get; set; }

    /// <summary>A filter in MLflow's search syntax, such as <c>metrics.rmse &lt; 1 and params.model = 'tree'</c>.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    public string? Filter { get; set; }

    /// <summary>The sort order, such as <c>metrics.rmse DESC</c>.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    public string[] OrderBy { get; set; } = [];

    /// <summary>The maximum number of runs.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <summary>Also returns deleted runs.</summary>
    [Parameter(ParameterSetName = "Search")]
    [Parameter(ParameterSetName = "InputObject")]
    public SwitchParameter IncludeDeleted { get; set; }

    /// <summary>Returns flat rows instead of runs. All rows have the same columns, those of <c>mlflow.search_runs</c>.</summary>
    [Parameter]
    public SwitchParameter AsTable { get; set; }

    private const int FewNames = 10;

    // The columns are known only after the last run.
    private readonly List<Run> _table = [];

    // Several experiments can be piped in. It is enough if one of them has a run with the name.
    private string? _nameIsMissingAt;
    private bool _nameIsKnown;

    private bool NameIsExact => Name is not null && !new NamePattern(Name).HasWildcards;

    /// <inheritdoc/>
    protected override void Process()
    {
        switch (ParameterSetName == "InputObject" ? InputObject.BaseObject : null)
        {
            case Experiment experiment:
                Search(ResolveConnection().Store, [experiment]);
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
                Search(store, FindExperiments(store, IsGiven(nameof(Experiment)) ? Experiment : null));
                break;
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        WriteTable();
        if (!_nameIsKnown && _nameIsMissingAt is { } uri)
        {
            string message = $"No run at {uri} is named '{Name}'. List all runs with Get-MlflowRun without -Name.";
            throw new MlflowException(ErrorKind.RunNotFound, message) { Target = Name };
        }
    }

    private void Read(ITrackingStore store, string[] ids)
    {
        var lifecycle = new RunLifecycle(store, RunEnvironment.Read);
        foreach (string id in ids)
        {
            try
            {
                Write(Await(token => lifecycle.ReadAsync(id, token)));
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(id));
            }
        }
    }

    private void Search(ITrackingStore store, IReadOnlyList<Experiment> experiments)
    {
        if (experiments.Count == 0)
        {
            // A missing folder or database already causes a warning, and a missing experiment causes an error.
            if (NameIsExact && !IsGiven(nameof(Experiment)) && MissingStore.KindOf(store) is null)
                _nameIsMissingAt = store.TrackingUri;
            WriteVerbose($"No experiment at {store.TrackingUri} matches {string.Join(", ", Experiment)}.");
            return;
        }

        Dictionary<string, Experiment> byId = experiments.ToDictionary(experiment => experiment.ExperimentId);
        var query = new RunQuery
        {
            Name = Name,
            Statuses = RunQuery.StatusesOf(Status),
            Since = Since is { } since ? new DateTimeOffset(since) : null,
            Tags = ToTags(Tag),
            Filter = Filter,
        };
        var search = new RunSearch([.. byId.Keys])
        {
            OrderBy = OrderBy,
            ViewType = IncludeDeleted ? ViewType.All : ViewType.ActiveOnly,
            MaxResults = Math.Min(First, 1000),
        };
        query = Await(token => query.ResolveNameAsync(store, search, token));
        search = search with { Filter = query.ToFilter() };
        WritePages(
            async page => Named(byId, await store.SearchRunsAsync(search, page.PageToken, page.Cancellation).ConfigureAwait(false)),
            Matches,
            First,
            Write);

        // It is not an error if the run exists but another condition excludes it.
        if (NameIsExact && !_nameIsKnown && !Await(token => query.IsNameKnownAsync(store, search, token)))
            _nameIsMissingAt = store.TrackingUri;
        else
            _nameIsKnown = true;

        bool Matches(Run run) => query.Matches(run) && (_nameIsKnown = true);
    }

    private void Write(Run run)
    {
        if (AsTable)
            _table.Add(run);
        else
            WriteObject(run);
    }

    private void WriteTable()
    {
        IReadOnlyList<RunColumn> columns = RunColumn.Of(_table);
        RunColumn[] renamed = [.. columns.Where(column => column.Name != column.MlflowName)];
        if (renamed.Length > 0)
        {
            string names = string.Join(", ", renamed.Take(FewNames).Select(column => $"'{column.MlflowName}' is '{column.Name}'"));
            string more = renamed.Length > FewNames ? $", and {renamed.Length - FewNames} more" : "";
            WriteWarning(
                $"PowerShell property names ignore case, so columns whose names differ only in case were given numbers: {names}{more}.");
        }

        foreach (Run run in _table)
            WriteObject(RunRow.Of(run, columns));
    }

    private static Page<Run> Named(Dictionary<string, Experiment> experiments, Page<Run> page) =>
        new([.. page.Items.Select(run => experiments.TryGetValue(run.ExperimentId, out Experiment? experiment) ? run.In(experiment) : run)], page.NextPageToken);
}
