using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Writes the statistics of a report folder to a run: numbers as metrics, texts as tags. With <c>-Compare</c>, returns the
/// changes since another run.
/// </summary>
[Cmdlet(VerbsCommunications.Write, "AnovosStatistic", DefaultParameterSetName = "Workflow", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Workflow.StatisticChange")]
public sealed class WriteAnovosStatisticCommand : RunCommand
{
    private readonly List<string> _files = [];
    private RunReference? _run;

    /// <summary>Report folders, or files in them; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Report folders, or files in them, as literal paths.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The workflow whose report folders are read; without it, the workflow that the run was started for.</summary>
    [Parameter(ParameterSetName = "Workflow", ValueFromPipeline = true)]
    [ValidateNotNull]
    public AnovosConfig? Config { get; set; }

    /// <summary>The workflow's working directory; without it, the current folder.</summary>
    [Parameter(ParameterSetName = "Workflow")]
    [ValidateNotNullOrEmpty]
    public string? BasePath { get; set; }

    /// <summary>Writes only statistics that match one of these patterns, such as <c>measures_of_counts/*/missing_pct</c>.</summary>
    [Parameter]
    public string[] Include { get; set; } = [];

    /// <summary>Leaves out statistics that match one of these patterns.</summary>
    [Parameter]
    public string[] Exclude { get; set; } = [];

    /// <summary>A run, or the id of a run in the same store. The changes since then are returned.</summary>
    [Parameter]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public object? Compare { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        if (_run is not null && _run.RunId != run.RunId)
            WriteGathered();
        _run = run;
        if (ParameterSetName == "Workflow")
        {
            AnovosConfig config = Config ?? run.Config
                ?? throw new MlflowException(ErrorKind.InvalidValue, $"Run {run.RunId} was not started for a workflow in this session, so its report folders are not known. Specify the workflow with -Config, or the folder with -Path.") { Target = run.RunId };
            AnovosPlan plan = AnovosPlan.Of(config, BasePath is null ? CurrentDirectory : GetUnresolvedProviderPathFromPSPath(BasePath), run.RunId);
            _files.AddRange(Await(token => Task.FromResult(StatisticReport.FilesOf(OutputScan.Of(plan, cancellationToken: token)))));
            return;
        }

        bool literal = ParameterSetName == "LiteralPath";
        foreach (string item in FileArguments.Resolve(this, literal ? LiteralPath : Path, literal, "FileNotFound"))
            _files.AddRange(File.Exists(item) ? [item] : Await(token => Task.FromResult(FolderListing.Of(item, token))).Files.Select(file => file.Location));
    }

    /// <inheritdoc/>
    protected override void End() => WriteGathered();

    private void WriteGathered()
    {
        if (_run is not { } run)
            return;
        _run = null;
        var selection = new StatisticSelection(Include, Exclude);
        StatisticReport report = Await(token => Task.FromResult(StatisticReport.Of(_files, selection, run.Store.Limits, token)));
        _files.Clear();
        foreach (string warning in report.Warnings)
            WriteWarning(warning);
        if (report.Tables == 0)
            WriteWarning("No statistics table was found. A statistics table is a CSV or Parquet file with the columns metric and value, or with an attribute column.");
        WriteVerbose($"{report.Tables} tables, {report.Data.Metrics.Count} metrics, {report.Data.Tags.Count} tags; {report.NotSelected} values are not selected.");
        if (report.Data.Count > 0 && ShouldProcess(run.ToString(), $"Write {report.Data.Metrics.Count} metrics and {report.Data.Tags.Count} tags"))
            Await(token => run.Store.WriteAsync(run.RunId, report.Data, token));
        if (Compare is null)
            return;
        var before = (Compare is PSObject wrapped ? wrapped.BaseObject : Compare) as Run;
        ITrackingStore store = before is null || before.TrackingUri == run.TrackingUri ? run.Store : ResolveConnection(before.TrackingUri).Store;
        Run earlier = Await(token => store.GetRunAsync(before?.RunId ?? Compare.ToString()!, token));
        WriteObject(StatisticChange.Between(earlier.Metrics, report.Data.Metrics.ToDictionary(metric => metric.Key, metric => metric.Value)), enumerateCollection: true);
    }
}
