using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Pipelines;

/// <summary>Reports runs to the Azure Pipelines agent that runs this process, as lines for standard output.</summary>
public sealed class AzurePipeline
{
    // A line for each percent would fill most of the log.
    private const int ProgressStep = 5;

    private readonly PipelineBuild _build;
    private int _percent = -ProgressStep;
    private string? _doing;

    private AzurePipeline(PipelineBuild build) => _build = build;

    /// <summary>The run status for the current state of the job: Finished, Failed or Killed; null if the agent reports none.</summary>
    public string? RunStatus => _build.Text("AGENT_JOBSTATUS")?.ToUpperInvariant() switch
    {
        "SUCCEEDED" or "SUCCEEDEDWITHISSUES" => nameof(Tracking.RunStatus.Finished),
        "FAILED" => nameof(Tracking.RunStatus.Failed),
        "CANCELED" => nameof(Tracking.RunStatus.Killed),
        _ => null,
    };

    /// <summary>A link to the build, in Markdown. It is the description of runs that have no other description.</summary>
    public string BuildLink => _build.Link;

    /// <summary>Finds the pipeline; null outside of a pipeline, or if <c>ANOVOS_MLFLOW_PIPELINE</c> is <c>false</c>.</summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for that variable.</exception>
    public static AzurePipeline? Find(Func<string, string?> environment) => PipelineBuild.Find(environment) is { } build ? new AzurePipeline(build) : null;

    /// <summary>Passes the run to later tasks of the job, so that their MLflow clients join it.</summary>
    public IReadOnlyList<string> Join(Run run)
    {
        // Later tasks may insert these ids into scripts as $(MLFLOW_RUN_ID), and the ids come from a server.
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

    /// <summary>A finding in a workflow file, with its position; nothing for information.</summary>
    public IReadOnlyList<string> Issue(ConfigDiagnostic found)
    {
        if (found.Severity == DiagnosticSeverity.Information)
            return [];
        string type = found.IsError ? "error" : "warning";
        return [LoggingCommand.LogIssue(type, found.Text, found.Path, found.Line, found.Column, found.Rule)];
    }

    /// <summary>The progress of the task, 0 to 100, and its current step; nothing if the change is too small.</summary>
    public IReadOnlyList<string> Progress(int percent, string doing)
    {
        if (doing == _doing && percent < _percent + ProgressStep && (percent != 100 || _percent == 100))
            return [];
        (_percent, _doing) = (percent, doing);
        return [LoggingCommand.SetProgress(percent, doing)];
    }

    /// <summary>Writes the results of gates for the Tests tab of the build.</summary>
    /// <param name="reports">A report for each run.</param>
    /// <param name="path">The file; null for a temporary file that the agent can read.</param>
    /// <param name="cancellationToken">Cancels waiting for a reader of the file.</param>
    /// <exception cref="IOException">The file cannot be written. Also <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Publish(IReadOnlyList<GateReport> reports, string? path, CancellationToken cancellationToken)
    {
        path ??= TemporaryFile($"gate-{Guid.NewGuid():N}.xml");
        JUnitFile.Write(path, reports, cancellationToken);
        return [LoggingCommand.PublishTests(path, "MLflow gate")];
    }

    /// <summary>Reports rules that a run breaks or that cannot be decided as issues, and writes a section of the summary.</summary>
    /// <param name="report">The run and the results.</param>
    /// <param name="page">The address of the run's page; null if it has none.</param>
    /// <exception cref="IOException">The file cannot be written. Also <see cref="UnauthorizedAccessException"/>.</exception>
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

    /// <summary>Writes the summary of an ended run for the page of the build. Nested runs have no summary.</summary>
    /// <exception cref="IOException">The file cannot be written. Also <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Summarize(RunSummary summary)
    {
        if (summary.Run.Tags.ContainsKey(RunTags.ParentRunId) || !Run.IsRunId(summary.Run.RunId))
            return [];

        // The file name becomes the heading.
        string path = TemporaryFile($"MLflow run {summary.Run.RunId}.md");
        File.WriteAllText(path, summary.ToMarkdown());
        return [LoggingCommand.UploadSummary(path)];
    }

    // The agent deletes the content of this folder after the job. It may read the file until then.
    private string TemporaryFile(string name)
    {
        string folder = Path.Combine(_build.Text("AGENT_TEMPDIRECTORY") ?? Path.GetTempPath(), "anovos-mlflow");
        Directory.CreateDirectory(folder);
        return Path.GetFullPath(Path.Combine(folder, name));
    }
}
