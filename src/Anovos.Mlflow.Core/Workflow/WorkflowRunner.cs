using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Runs a workflow in a started run, reports its progress, and ends the run.</summary>
/// <param name="store">The store of the run.</param>
/// <param name="run">The run.</param>
/// <param name="engine">The engine that runs the workflow.</param>
public sealed class WorkflowRunner(ITrackingStore store, Run run, IWorkflowEngine engine)
{
    /// <summary>The artifact path of the log.</summary>
    public const string LogArtifact = "logs/workflow.log";

    /// <summary>The tag with the exit code, set on runs whose workflow this module ran to completion.</summary>
    public const string ExitCodeTag = "anovos.workflow.exitCode";

    private static readonly TimeSpan BetweenFlushes = TimeSpan.FromSeconds(1);

    // There may be many points of system metrics, and a request costs more than the points in it.
    private static readonly TimeSpan BetweenSystemMetrics = TimeSpan.FromSeconds(10);

    // How long reporting may continue after the workflow is cancelled.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    /// <summary>Masks secrets in the workflow's output, on the screen and in its log.</summary>
    public Redactor Redactor { get; init; } = new();

    private readonly WorkflowReport _report = new(store, run);
    private readonly Timings _timings = new(store.Limits);
    private readonly ConcurrentQueue<Tag> _tags = new();
    private SystemMetricSampler? _sampler;
    private Stopwatch? _sinceSystemMetrics;
    private int _logErrors;

    /// <summary>Runs the workflow. Reporting errors are in the result. The run is ended in any case.</summary>
    /// <param name="job">The workflow.</param>
    /// <param name="lines">Called with each block of complete output lines. From any thread, but never concurrently.</param>
    /// <param name="cancellationToken">Stops the workflow and ends the run as Killed.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.CommandNotFound"/>; the run is Failed.</exception>
    /// <exception cref="OperationCanceledException">The workflow was stopped.</exception>
    public async Task<WorkflowResult> RunAsync(WorkflowJob job, Action<IReadOnlyList<LogLine>> lines, CancellationToken cancellationToken)
    {
        using var reporting = new CancellationTokenSource();
        using CancellationTokenRegistration farewell = cancellationToken.Register(() => reporting.CancelAfter(Farewell));
        var began = DateTime.UtcNow;
        var elapsed = Stopwatch.StartNew();
        var cause = new FailureCause(AnovosPlan.Of(job.Config, job.BasePath, run.RunId));
        using var log = new LogFile(Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{run.RunId}", Path.GetFileName(LogArtifact)));
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _sampler = SystemMetricSampler.Of(job, engine, store.Limits);
        Task sampled = _sampler?.RunAsync(done.Task, reporting.Token) ?? done.Task;
        if ((_sampler is null ? job.SystemMetrics?.Missing : _sampler.Missing) is { } missing)
            Describe([new Tag(SystemMetricOptions.MissingTag, ParamBuilder.Cut("", missing, store.Limits.TagValue, truncate: true, []))]);
        string? inputs = engine is IRemoteWorkflowEngine ? null : job.BasePath;
        Task live = Task.WhenAll(FlushUntilAsync(sampled, reporting.Token), _report.InputsAsync(job.Config, inputs, cancellationToken));

        WorkflowEnd end;
        Exception? interrupted = null;
        try
        {
            end = await engine.RunAsync(Take, Describe, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or MlflowException)
        {
            interrupted = e;
            end = e is MlflowException ? new WorkflowEnd(RunStatus.Failed, e.Message) : new WorkflowEnd(RunStatus.Killed, "The workflow was stopped.");
        }
        finally
        {
            _timings.Add(new StepTiming(Timings.Total, Math.Round(elapsed.Elapsed.TotalSeconds, 3)));
            done.TrySetResult(true);
        }

        if (end.Status == RunStatus.Failed && interrupted is null)
            end = end.With(cause);
        StatisticReport? statistics = null;
        try
        {
            await live.ConfigureAwait(false);
            if (interrupted is null)
                statistics = await OutputsAsync(job, end.Status == RunStatus.Finished, began, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            interrupted = e;
            end = end with { Status = RunStatus.Killed, Fault = end.Fault ?? "Reporting was stopped after the workflow had ended." };
        }

        var result = new WorkflowResult
        {
            Status = end.Status,
            ExitCode = end.ExitCode,
            Fault = end.Fault,
            Timings = _timings.All,
            FlaggedAttributes = statistics?.FlaggedAttributes ?? new Dictionary<string, IReadOnlyList<string>>(),
            MissingShares = statistics?.MissingShares ?? [],
            Cost = _sampler?.Cost ?? (job.SystemMetrics is { } system ? new WorkflowCost(null, null, system.Missing) : null),
            LogErrors = _logErrors,
        };
        result = await EndAsync(result, job, log, statistics?.Warnings ?? [], reporting.Token).ConfigureAwait(false);
        if (interrupted is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(interrupted).Throw();
        return result;

        void Take(ArraySegment<byte> bytes, IReadOnlyList<LogLine> some)
        {
            some = [.. some.Select(line => line.Redact(Redactor))];
            log.Write(Redactor.Clean(bytes), some);
            foreach (LogLine line in some)
            {
                _timings.Read(line);
                cause.Read(line);
                if (line.Severity == LogSeverity.Error)
                    _logErrors++;
            }

            lines(some);
        }

        void Describe(IEnumerable<Tag> tags)
        {
            foreach (Tag tag in tags)
                _tags.Enqueue(tag);
        }
    }

    private async Task FlushUntilAsync(Task done, CancellationToken cancellationToken)
    {
        bool isLast;
        do
        {
            await Task.WhenAny(done, Task.Delay(BetweenFlushes, cancellationToken)).ConfigureAwait(false);
            isLast = done.IsCompleted;
            List<Tag> tags = [];
            while (_tags.TryDequeue(out Tag? tag))
                tags.Add(tag);
            await _report.WriteAsync("Timings", new RunData { Metrics = _timings.TakeFresh(), Tags = tags }, cancellationToken).ConfigureAwait(false);
            if (isLast || _sinceSystemMetrics is null || _sinceSystemMetrics.Elapsed >= BetweenSystemMetrics)
                await WriteSystemMetricsAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!isLast);
    }

    // If the store rejects system metrics, stop sending them. Otherwise every point would cause an error.
    private async Task WriteSystemMetricsAsync(CancellationToken cancellationToken)
    {
        var data = new RunData { Metrics = _sampler?.TakePoints() ?? [] };
        if (data.Count == 0)
            return;
        if (!await _report.TryAsync("System metrics", () => store.WriteAsync(run.RunId, data, cancellationToken)).ConfigureAwait(false))
            _sampler?.Stop();
        _sinceSystemMetrics = Stopwatch.StartNew();
    }

    // Only files that this workflow wrote: other files are from an earlier run.
    private async Task<StatisticReport> OutputsAsync(WorkflowJob job, bool isFinished, DateTime began, CancellationToken cancellationToken)
    {
        if (engine is IRemoteWorkflowEngine remote)
            return await RemoteTablesAsync(remote, job, isFinished, cancellationToken).ConfigureAwait(false);
        OutputSelection selection = job.Outputs.WrittenSince(began);
        OutputSelection tracked = new OutputSelection([], [], force: false).WrittenSince(began);
        IReadOnlyList<ScannedOutput> outputs = OutputScan.Of(AnovosPlan.Of(job.Config, job.BasePath, run.RunId), cancellationToken: cancellationToken);
        IReadOnlyList<string> tables = StatisticReport.FilesOf(outputs.Select(tracked.Explain));
        StatisticReport statistics = StatisticReport.Of(tables, job.Statistics, store.Limits, cancellationToken);
        await _report.WriteAsync("The statistics", statistics.Data, cancellationToken).ConfigureAwait(false);
        await FinalWriteAsync(outputs, cancellationToken).ConfigureAwait(false);
        await _report.OutputsAsync(outputs, selection, job.Compress, cancellationToken).ConfigureAwait(false);
        return statistics;
    }

    // Anovos writes the final dataset after its last log line. The times of the files show when it finished.
    private async Task FinalWriteAsync(IReadOnlyList<ScannedOutput> outputs, CancellationToken cancellationToken)
    {
        DateTime[] written =
        [
            .. outputs.Where(output => output.Kind == OutputKind.Output && output.Output is { IsRemote: false, IsFile: false })
                .SelectMany(output => output.Files).Select(file => File.GetLastWriteTimeUtc(file.FullPath)),
        ];
        if (_timings.LastEndUtc is not { } lastEnd || written.Length == 0 || written.Max() < lastEnd)
            return;
        _timings.Add(new StepTiming(Timings.FinalWrite, Math.Round((written.Max() - lastEnd).TotalSeconds, 3)));
        await _report.WriteAsync("Timings", new RunData { Metrics = _timings.TakeFresh() }, cancellationToken).ConfigureAwait(false);
    }

    // A remote workflow that has joined the run sends its outputs itself.
    private async Task<StatisticReport> RemoteTablesAsync(IRemoteWorkflowEngine remote, WorkflowJob job, bool isFinished, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{run.RunId}", "tables");
        FetchedTables tables = new([], []);
        if (isFinished)
            await _report.TryAsync("The tables of statistics", async () => tables = await remote.FetchTablesAsync(AnovosPlan.Of(job.Config, job.BasePath, run.RunId), folder, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        StatisticReport statistics = StatisticReport.Of(tables.Files, job.Statistics, store.Limits, cancellationToken);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        await _report.WriteAsync("The statistics", statistics.Data, cancellationToken).ConfigureAwait(false);
        _report.Warn(tables.Warnings);
        return statistics;
    }

    private async Task<WorkflowResult> EndAsync(
        WorkflowResult result, WorkflowJob job, LogFile log, IReadOnlyList<string> warnings, CancellationToken cancellationToken)
    {
        Run? ended = null;
        bool hasLog = false;
        try
        {
            hasLog = await _report.SendAsync("The log", [new ArtifactUpload(new FileInfo(log.Path), LogArtifact)], cancellationToken).ConfigureAwait(false);
            hasLog &= _report.Artifacts.All(row => row.ArtifactPath != LogArtifact || row.Status != ArtifactStatus.Failed);
            Tag[] tags =
            [
                .. result.ExitCode is { } code ? [new Tag(ExitCodeTag, code.ToString(CultureInfo.InvariantCulture))] : Array.Empty<Tag>(),
                .. Note(result with { Artifacts = _report.Artifacts, Errors = _report.Errors }, job, log.Last),
            ];
            await _report.WriteAsync("Exit code and description", new RunData { Tags = tags }, cancellationToken).ConfigureAwait(false);
            await _report.TryAsync($"The end ({result.Status})", async () =>
                ended = await new RunLifecycle(store, _ => null).EndAsync(run.RunId, run.Experiment, result.Status, cancellationToken).ConfigureAwait(false), isLast: true).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The workflow was cancelled, and the time for reporting is over.
        }

        log.Dispose();
        if (hasLog && log.Fault is null)
            Directory.Delete(Path.GetDirectoryName(log.Path)!, recursive: true);
        return result with
        {
            Run = ended,
            Artifacts = _report.Artifacts,
            Errors = _report.Errors,
            Warnings = [.. warnings, .. _report.Warnings, .. new[] { _sampler?.Unknown, _sampler?.Fault, Torn(log) }.OfType<string>()],
            LogPath = hasLog ? null : log.Path,
        };
    }

    private static string? Torn(LogFile log) => log.Fault is null ? null : $"The log {log.Path} is incomplete: {log.Fault}";

    // Keep a user's description of a run visible: add only a failure to it.
    private IEnumerable<Tag> Note(WorkflowResult result, WorkflowJob job, IReadOnlyList<string> lastLines)
    {
        bool isUsers = run.Tags.TryGetValue(RunTags.Note, out string? note) && note.Length > 0 && note != job.OwnNote;
        if (isUsers && result.Fault is null)
            return [];
        string text = isUsers ? result.Fault! : RunSummary.Of(result, run, workspaceUrl: null).ToDescription();
        return [RunNote.Of(run, text, result.Fault is null ? [] : lastLines, store.Limits)];
    }
}
