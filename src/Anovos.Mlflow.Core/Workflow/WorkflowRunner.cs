using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Runs a workflow under a run that has begun, reports what it does while it does it, and ends the run.</summary>
/// <param name="store">The store of the run.</param>
/// <param name="run">The run.</param>
/// <param name="engine">What runs the workflow.</param>
public sealed class WorkflowRunner(ITrackingStore store, Run run, IWorkflowEngine engine)
{
    /// <summary>The log among the run's artifacts.</summary>
    public const string LogArtifact = "logs/workflow.log";

    private const string ExitCodeTag = "anovos.workflow.exitCode";

    private static readonly TimeSpan BetweenFlushes = TimeSpan.FromSeconds(1);

    // What a run that is stopped may take to say so.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    private readonly WorkflowReport _report = new(store, run);
    private readonly Timings _timings = new();

    /// <summary>Runs the workflow. What cannot be reported is in the result; the run is ended in any case.</summary>
    /// <param name="job">The workflow.</param>
    /// <param name="lines">Told its output in blocks of whole lines as they come; from any thread, one at a time.</param>
    /// <param name="cancellationToken">Ends the workflow and the run, as Killed.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.CommandNotFound"/>; the run is Failed.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<WorkflowResult> RunAsync(WorkflowJob job, Action<IReadOnlyList<LogLine>> lines, CancellationToken cancellationToken)
    {
        using var reporting = new CancellationTokenSource();
        using CancellationTokenRegistration farewell = cancellationToken.Register(() => reporting.CancelAfter(Farewell));
        var began = DateTime.UtcNow;
        using var log = new LogFile(Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{run.RunId}", Path.GetFileName(LogArtifact)));
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task live = Task.WhenAll(FlushUntilAsync(done.Task, reporting.Token), _report.InputsAsync(job.Config, job.BasePath, cancellationToken));

        int? exitCode = null;
        Exception? interrupted = null;
        try
        {
            exitCode = await engine.RunAsync(Take, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException || (e is MlflowException known && known.Kind is ErrorKind.CommandNotFound or ErrorKind.InvalidValue))
        {
            interrupted = e;
        }
        finally
        {
            done.TrySetResult(true);
        }

        RunStatus status = exitCode == 0 ? RunStatus.Finished : exitCode is null && interrupted is not MlflowException ? RunStatus.Killed : RunStatus.Failed;
        string? fault = interrupted is MlflowException ? interrupted.Message
            : interrupted is not null ? "The workflow was stopped."
            : exitCode is null ? "The workflow ran out of its time and was ended."
            : exitCode == 0 ? null : $"The workflow ended with exit code {exitCode}.";
        StatisticReport? statistics = null;
        try
        {
            await live.ConfigureAwait(false);
            if (interrupted is null)
                statistics = await OutputsAsync(job, status == RunStatus.Finished ? null : began, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
        {
            (interrupted, status, fault) = (e, RunStatus.Killed, fault ?? "Reporting was stopped after the workflow had ended.");
        }

        var result = new WorkflowResult
        {
            Status = status,
            ExitCode = exitCode,
            Fault = fault,
            Timings = _timings.All,
            FlaggedAttributes = statistics?.FlaggedAttributes ?? new Dictionary<string, IReadOnlyList<string>>(),
        };
        result = await EndAsync(result, log, statistics?.Warnings ?? [], reporting.Token).ConfigureAwait(false);
        if (interrupted is not null)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(interrupted).Throw();
        return result;

        void Take(ArraySegment<byte> bytes, IReadOnlyList<LogLine> some)
        {
            log.Write(bytes, some);
            foreach (LogLine line in some)
                _timings.Read(line);
            lines(some);
        }
    }

    private async Task FlushUntilAsync(Task done, CancellationToken cancellationToken)
    {
        bool isLast;
        do
        {
            await Task.WhenAny(done, Task.Delay(BetweenFlushes, cancellationToken)).ConfigureAwait(false);
            isLast = done.IsCompleted;
            await _report.WriteAsync("Timings", new RunData { Metrics = _timings.TakeFresh() }, cancellationToken).ConfigureAwait(false);
        }
        while (!isLast);
    }

    // Of a workflow that failed, only what it wrote itself: the rest is an earlier run's.
    private async Task<StatisticReport> OutputsAsync(WorkflowJob job, DateTime? since, CancellationToken cancellationToken)
    {
        // The clock of a file system may be coarse.
        OutputSelection selection = Since(job.Outputs), tracked = Since(new OutputSelection([], [], force: false));
        IReadOnlyList<ScannedOutput> outputs = OutputScan.Of(AnovosPlan.Of(job.Config, job.BasePath, run.RunId), cancellationToken: cancellationToken);
        IReadOnlyList<string> tables = StatisticReport.FilesOf(outputs.Select(tracked.Explain));
        StatisticReport statistics = StatisticReport.Of(tables, job.Statistics, cancellationToken);
        await _report.WriteAsync("The statistics", statistics.Data, cancellationToken).ConfigureAwait(false);
        await _report.OutputsAsync(outputs, selection, cancellationToken).ConfigureAwait(false);
        return statistics;

        OutputSelection Since(OutputSelection all) => since is { } began ? all.WrittenSince(began.AddSeconds(-2)) : all;
    }

    private async Task<WorkflowResult> EndAsync(WorkflowResult result, LogFile log, IReadOnlyList<string> warnings, CancellationToken cancellationToken)
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
                .. result.Fault is { } fault ? [FailureNote.Of(run, fault, log.Last)] : Array.Empty<Tag>(),
            ];
            await _report.WriteAsync("Exit code and note", new RunData { Tags = tags }, cancellationToken).ConfigureAwait(false);
            await _report.TryAsync($"The end ({result.Status})", async () =>
                ended = await new RunLifecycle(store, _ => null).EndAsync(run.RunId, result.Status, cancellationToken).ConfigureAwait(false), isLast: true).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopped, and its time to say so is over.
        }

        log.Dispose();
        if (hasLog && log.Fault is null)
            Directory.Delete(Path.GetDirectoryName(log.Path)!, recursive: true);
        return result with
        {
            Run = ended,
            Artifacts = _report.Artifacts,
            Errors = _report.Errors,
            Warnings = [.. warnings, .. _report.Warnings, .. log.Fault is null ? Array.Empty<string>() : [$"The log {log.Path} is not whole: {log.Fault}"]],
            LogPath = hasLog ? null : log.Path,
        };
    }
}
