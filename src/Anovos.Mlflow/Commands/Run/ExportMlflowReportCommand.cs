using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Writes a report that compares runs side by side, as one self-contained HTML file.</summary>
[Cmdlet(VerbsData.Export, "MlflowReport", DefaultParameterSetName = "Id", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportMlflowReportCommand : TrackingCommand
{
    private readonly List<ReportSource> _sources = [];
    private string _file = "";

    /// <summary>The file.</summary>
    [Parameter(Position = 0, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Ids of runs; without ids, the active run.</summary>
    [Parameter(ParameterSetName = "Id")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public string[] RunId { get; set; } = [];

    /// <summary>A run or its id, from the pipeline.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject InputObject { get; set; } = null!;

    /// <summary>The heading of the report.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Title { get; set; }

    /// <summary>Names of the metrics whose history is drawn; wildcards are allowed.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(MetricCompleter))]
    public string[] MetricName { get; set; } = [];

    /// <summary>The maximum size, in bytes, of an HTML report among the artifacts to be copied into the file.</summary>
    [Parameter]
    [ValidateRange(0L, 1L << 30)]
    public long MaximumLength { get; set; } = ReportOptions.DefaultMaximumLength;

    /// <summary>Overwrites a read-only file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Does not overwrite an existing file.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        // Check this first, because reading many runs takes a while.
        _file = GetUnresolvedProviderPathFromPSPath(Path);
        if (NoClobber && File.Exists(_file))
            Refuse("The file already exists", "Omit -NoClobber to overwrite it.");
        if (!Force && File.Exists(_file) && new FileInfo(_file).IsReadOnly)
            Refuse("The file is read-only", "Overwrite it with -Force.");
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "InputObject" && InputObject.BaseObject is Run run)
            Add(run, new RunReference(run.RunId, ResolveConnection(run.TrackingUri), config: null));
        else if (ParameterSetName == "InputObject" || RunId.Length > 0)
            ForEach(ParameterSetName == "Id" ? RunId : [InputObject.BaseObject.ToString()!], Read);
        else
            Read(null);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (_sources.Count == 0)
            throw new MlflowException(ErrorKind.InvalidValue, $"There is no run to report on, so {_file} was not written. Specify runs with -RunId, or pipe them in: Get-MlflowRun -First 5 | Export-MlflowReport report.html.") { Target = _file };
        if (!ShouldProcess(_file, $"Write a report on {(_sources.Count == 1 ? $"run {_sources[0].Run.RunId}" : $"{_sources.Count} runs")}"))
            return;

        Func<string, bool>? draws = MetricName.Length == 0 ? null : FindMetrics().Contains;
        var options = new ReportOptions { Title = Title ?? DefaultTitle(), MaximumLength = MaximumLength, Draws = draws };
        RunReport report = Await(token => RunReport.ReadAsync(_sources, options, ReportProgress, token));
        foreach (string warning in report.Warnings)
            WriteWarning(warning);
        if (Force && File.Exists(_file))
            File.SetAttributes(_file, File.GetAttributes(_file) & ~FileAttributes.ReadOnly);
        report.Save(_file);
        WriteFile(_file);
    }

    private void Read(string? id)
    {
        RunReference reference = ResolveRun(id);
        Add(Await(token => reference.Lifecycle.ReadAsync(reference.RunId, token)), reference);
    }

    private void Add(Run run, RunReference reference) =>
        _sources.Add(new ReportSource(run, reference.Store, reference.OpenArtifactsAsync) { WorkspaceUrl = reference.WorkspaceUrl });

    private HashSet<string> FindMetrics()
    {
        string[] all = [.. _sources.SelectMany(source => source.Run.Metrics.Keys).Distinct(StringComparer.Ordinal)];
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in MetricName)
        {
            var pattern = new NamePattern(name);
            IReadOnlyList<string> meant = pattern.Among(all);
            found.UnionWith(meant);
            if (meant.Count == 0 && !pattern.HasWildcards)
                WriteWarning($"No run in the report has a metric '{name}'. Metric names are case-sensitive.");
        }

        return found;
    }

    private string DefaultTitle()
    {
        string[] experiments = [.. _sources.Select(source => source.Run.Experiment).Distinct()];
        string about = _sources.Count == 1 ? _sources[0].Run.RunName : experiments.Length == 1 ? experiments[0] : "";
        return about.Length > 0 ? about : "MLflow runs";
    }

    private void ReportProgress(int done, int all)
    {
        if (done % 20 == 0)
            Post(() => WriteProgress(new ProgressRecord(0, SafeText.Of($"Reading {_sources.Count} runs for {_file}"), $"{done} of {all} requests") { PercentComplete = 100 * done / all }));
    }

    private void Refuse(string what, string advice) => Throw(new MlflowException(ErrorKind.InvalidValue, $"{what}: {_file}. {advice}").ToErrorRecord(_file));
}
