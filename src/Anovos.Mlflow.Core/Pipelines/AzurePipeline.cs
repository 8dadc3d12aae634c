using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Pipelines;

/// <summary>Reports runs to the agent of Azure Pipelines whose task this process is: as lines for standard output.</summary>
public sealed class AzurePipeline
{
    // A line for each percent would be most of the log.
    private const int ProgressStep = 5;

    private readonly PipelineBuild _build;
    private int _percent = -ProgressStep;
    private string? _doing;

    private AzurePipeline(PipelineBuild build) => _build = build;

    /// <summary>How a run ends by the state of the job so far: Finished, Failed or Killed; null where the agent does not say.</summary>
    public string? RunStatus => _build.Text("AGENT_JOBSTATUS")?.ToUpperInvariant() switch
    {
        "SUCCEEDED" or "SUCCEEDEDWITHISSUES" => nameof(Tracking.RunStatus.Finished),
        "FAILED" => nameof(Tracking.RunStatus.Failed),
        "CANCELED" => nameof(Tracking.RunStatus.Killed),
        _ => null,
    };

    /// <summary>A link to the build, for a Markdown text. It is the description of runs that have no other.</summary>
    public string BuildLink => _build.Link;

    /// <summary>The pipeline; null outside of one, or if <c>ANOVOS_MLFLOW_PIPELINE</c> is <c>false</c>.</summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for that variable.</exception>
    public static AzurePipeline? Find(Func<string, string?> environment) => PipelineBuild.Find(environment) is { } build ? new AzurePipeline(build) : null;

    /// <summary>Names the run to later tasks of the job, whose MLflow clients then join it.</summary>
    public IReadOnlyList<string> Join(Run run)
    {
        // Scripts of later tasks may hold them as $(MLFLOW_RUN_ID), and a server chose them.
        if (!Run.IsRunId(run.RunId) || !Run.IsRunId(run.ExperimentId))
            return [];
        return
        [
            LoggingCommand.SetVariable("MLFLOW_RUN_ID", run.RunId),
            LoggingCommand.SetVariable("MLFLOW_TRACKING_URI", run.TrackingUri),
            LoggingCommand.SetVariable("MLFLOW_EXPERIMENT_ID", run.ExperimentId),
        ];
    }

    /// <summary>A warning for the page of the build.</summary>
    public IReadOnlyList<string> Warn(string text) => [LoggingCommand.LogIssue("warning", text)];

    /// <summary>An error for the page of the build.</summary>
    public IReadOnlyList<string> Fail(string text) => [LoggingCommand.LogIssue("error", text)];

    /// <summary>A finding in a workflow file, with its place; nothing for information.</summary>
    public IReadOnlyList<string> Issue(ConfigDiagnostic found)
    {
        if (found.Severity == DiagnosticSeverity.Information)
            return [];
        string type = found.IsError ? "error" : "warning";
        return [LoggingCommand.LogIssue(type, found.Text, found.Path, found.Line, found.Column, found.Rule)];
    }

    /// <summary>How far the task is, 0 to 100, and with what; nothing where that is hardly news.</summary>
    public IReadOnlyList<string> Progress(int percent, string doing)
    {
        if (doing == _doing && percent < _percent + ProgressStep && (percent != 100 || _percent == 100))
            return [];
        (_percent, _doing) = (percent, doing);
        return [LoggingCommand.SetProgress(percent, doing)];
    }

    /// <summary>Writes what gates came to for the tab Tests of the build.</summary>
    /// <param name="reports">A report for each run.</param>
    /// <param name="path">The file; null for one where the agent finds it.</param>
    /// <param name="cancellationToken">Ends the wait for a reader of the file.</param>
    /// <exception cref="IOException">It cannot be written; and <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Publish(IReadOnlyList<GateReport> reports, string? path, CancellationToken cancellationToken)
    {
        path ??= TemporaryFile($"gate-{Guid.NewGuid():N}.xml");
        JUnitFile.Write(path, reports, cancellationToken);
        return [LoggingCommand.PublishTests(path, "MLflow gate")];
    }

    /// <summary>Issues of rules that a run breaks, or that there is too little to decide by; and a section of the summary.</summary>
    /// <param name="report">The run and the results.</param>
    /// <param name="page">The address of the run's page; null where it has none.</param>
    /// <exception cref="IOException">It cannot be written; and <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Summarize(GateReport report, string? page)
    {
        List<string> lines = [];
        foreach (GateResult result in report.Results)
        {
            if (result.Outcome == GateOutcome.Failed)
                lines.AddRange(Fail(Issue(result)));
            else if (result.Outcome == GateOutcome.Warning)
                lines.AddRange(Warn(Issue(result)));
        }

        if (!Run.IsRunId(report.Run.RunId))
            return lines;
        string path = TemporaryFile($"MLflow gate for run {report.Run.RunId}.md");
        File.WriteAllText(path, report.ToMarkdown(page));
        lines.Add(LoggingCommand.UploadSummary(path));
        return lines;

        static string Issue(GateResult result) => $"MLflow run {result.RunId}: {result.Rule}: {result.Reason}";
    }

    /// <summary>Writes the summary of a run that ended where the agent finds it, for the page of the build. A nested run has none.</summary>
    /// <exception cref="IOException">It cannot be written; and <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Summarize(RunSummary summary)
    {
        if (summary.Run.Tags.ContainsKey(RunTags.ParentRunId) || !Run.IsRunId(summary.Run.RunId))
            return [];

        // The name is the heading.
        string path = TemporaryFile($"MLflow run {summary.Run.RunId}.md");
        File.WriteAllText(path, summary.ToMarkdown());
        return [LoggingCommand.UploadSummary(path)];
    }

    // The agent empties this folder after the job; until then it may not have read the file yet.
    private string TemporaryFile(string name)
    {
        string folder = Path.Combine(_build.Text("AGENT_TEMPDIRECTORY") ?? Path.GetTempPath(), "anovos-mlflow");
        Directory.CreateDirectory(folder);
        return Path.GetFullPath(Path.Combine(folder, name));
    }
}
