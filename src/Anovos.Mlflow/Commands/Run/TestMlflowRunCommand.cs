using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.Gates;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Tests runs against rules, and returns the outcome of each rule.</summary>
[Cmdlet(VerbsDiagnostic.Test, "MlflowRun")]
[OutputType("Anovos.Mlflow.Gates.GateResult")]
[OutputType(typeof(bool))]
public sealed class TestMlflowRunCommand : RunCommand
{
    private readonly List<GateReport> _reports = [];
    private GateRules _rules = new();
    private int _received;
    private bool _isPassed;

    /// <summary>A file with rules. Parameters replace rules of the file.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>A hashtable with the rule for each metric, which is a table.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Metric { get; set; }

    /// <summary>The maximum number of drifted attributes.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? MaxDrifted { get; set; }

    /// <summary>The maximum number of unstable attributes.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int? MaxUnstable { get; set; }

    /// <summary>The maximum duration of the run.</summary>
    [Parameter]
    public TimeSpan? MaxDuration { get; set; }

    /// <summary>Steps of the workflow for which the run must have times.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RequiredStep { get; set; } = [];

    /// <summary>Files and folders that must be among the run's artifacts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] RequiredArtifact { get; set; } = [];

    /// <summary>Returns only true or false for each run: whether no rule failed.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Makes the process fail if a run breaks a rule.</summary>
    [Parameter]
    public SwitchParameter ExitOnFailure { get; set; }

    /// <summary>Sets a tag on the run for each rule.</summary>
    [Parameter]
    public SwitchParameter TagRun { get; set; }

    /// <summary>The file for the outcomes in JUnit XML format.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JUnitPath { get; set; }

    /// <inheritdoc/>
    protected override void Begin()
    {
        try
        {
            _rules = new GateRules
            {
                Metrics = [.. ReadMetrics()],
                MaxDrifted = MaxDrifted,
                MaxUnstable = MaxUnstable,
                MaxDuration = MaxDuration,
                Steps = RequiredStep,
                Artifacts = RequiredArtifact,
            };
            if (Path is not null && GetUnresolvedProviderPathFromPSPath(Path) is var file)
                _rules = _rules.Over(Await(token => Task.FromResult(GateFile.Read(file, token))));
            _rules.ThrowIfEmpty();
        }
        catch (MlflowException e)
        {
            // A gate without valid rules must not test any runs.
            Throw(e.ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    protected override void Process()
    {
        _received++;
        RunReference reference = ResolveRun();
        Dictionary<ModelUri, ModelRegistry> registries = _rules.Models.Distinct()
            .ToDictionary(uri => uri, uri => uri.Workspace is null ? ResolveRegistry(reference.Store) : ResolveRegistry(uri));
        var gate = new Gate(
            reference.Store, (uri, token) => new ModelFinder(registries[uri]).FindVersionAsync(uri, token), reference.OpenArtifactsAsync);
        GateReport report = Await(async token =>
        {
            Run run = await reference.Lifecycle.ReadAsync(reference.RunId, token).ConfigureAwait(false);
            return new GateReport(run, await gate.TestAsync(run, _rules, token).ConfigureAwait(false));
        });

        _reports.Add(report);
        if (Quiet)
            WriteObject(report.Failed.Count == 0);
        else
            WriteObject(report.Results, enumerateCollection: true);
        if (TagRun)
            Await(token => reference.Store.WriteAsync(reference.RunId, GateTags.Of(report.Results, reference.Store.Limits), token));
        TellPipeline(report, reference);
    }

    /// <inheritdoc/>
    protected override void End()
    {
        GateReport[] failed = [.. _reports.Where(report => report.Failed.Count > 0)];
        Publish();
        if (ExitOnFailure && _received == 0)
            WriteError(new MlflowException(ErrorKind.GateFailed, "No run was tested, because the pipeline was empty.").ToErrorRecord());
        foreach (GateReport report in ExitOnFailure ? failed : [])
        {
            string reasons = string.Join(" ", report.Failed.Select(result => $"{result.Rule}: {result.Reason}"));
            string rules = ReadableCount.Format(report.Failed.Count, "rule");
            WriteError(new MlflowException(ErrorKind.GateFailed, $"Run {report.Run.RunId} breaks {rules}. {reasons}")
            { Target = report.Run.RunId }.ToErrorRecord());
        }

        _isPassed = failed.Length == 0 && _received > 0 && _received == _reports.Count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // pwsh -File exits with 0 after an error. A gate that did not complete has not passed either.
        if (disposing && ExitOnFailure && !_isPassed && !Stopping)
        {
            SessionState.PSVariable.Set("global:LASTEXITCODE", 1);
            Host.SetShouldExit(1);
        }

        base.Dispose(disposing);
    }

    private void Publish()
    {
        string? path = JUnitPath is null ? null : GetUnresolvedProviderPathFromPSPath(JUnitPath);
        if (Pipeline is null)
        {
            if (path is not null)
                Await(token => Task.Run(() => JUnitFile.Write(path, _reports, token), token));
            return;
        }

        if (_reports.Count > 0)
            Tell(Await(token => Task.Run(() => Pipeline.Publish(_reports, path, token), token)));
    }

    private void TellPipeline(GateReport report, RunReference reference)
    {
        if (Pipeline is null)
            return;
        Run run = Await(token => reference.Store.WithWorkspaceAsync(report.Run, token));
        Tell(Pipeline.Summarize(report, run.PageIn(reference.WorkspaceUrl)));
    }

    private IEnumerable<MetricRule> ReadMetrics()
    {
        foreach (object key in Metric?.Keys ?? Array.Empty<object>())
        {
            string metric = ValueText.Of(key);
            object? value = Metric![key] is PSObject wrapped ? wrapped.BaseObject : Metric[key];
            if (value is not IDictionary table)
            {
                throw new MlflowException(
                    ErrorKind.InvalidValue, $"The rule for metric '{metric}' must be a hashtable: @{{ '{metric}' = @{{ max = 0.5 }} }}.")
                { Target = metric };
            }

            yield return table.Keys.Cast<object>()
                .Aggregate(new MetricRule(metric), (rule, name) => rule.With(ValueText.Of(name), ValueText.Of(table[name]))).Checked();
        }
    }
}
