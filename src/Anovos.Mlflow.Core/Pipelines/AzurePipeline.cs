using Anovos.Mlflow.Context;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Pipelines;

/// <summary>
/// The build of Azure Pipelines that this process is a task of, as the agent's variables tell ("Predefined variables"), and
/// what it is told of runs: lines for standard output.
/// </summary>
public sealed class AzurePipeline
{
    // A line for each percent would be most of the log.
    private const int ProgressStep = 5;

    private readonly EnvironmentVariables _variables;
    private int _percent = -ProgressStep;
    private string? _doing;

    private AzurePipeline(EnvironmentVariables variables) => _variables = variables;

    /// <summary>How a run ends by the state of the job so far: Finished, Failed or Killed; null where the agent does not say.</summary>
    public string? RunStatus => _variables.Text("AGENT_JOBSTATUS")?.ToUpperInvariant() switch
    {
        "SUCCEEDED" or "SUCCEEDEDWITHISSUES" => nameof(Tracking.RunStatus.Finished),
        "FAILED" => nameof(Tracking.RunStatus.Failed),
        "CANCELED" => nameof(Tracking.RunStatus.Killed),
        _ => null,
    };

    /// <summary>Which build a run is of, as tags of the run; its note links to the page of the build.</summary>
    public IReadOnlyList<Tag> Tags
    {
        get
        {
            (string Name, string? Value)[] all =
            [
                ("buildId", Text("BUILD_BUILDID")), ("buildNumber", Text("BUILD_BUILDNUMBER")), ("buildUrl", BuildPage),
                ("pipeline", Text("BUILD_DEFINITIONNAME")), ("project", Text("SYSTEM_TEAMPROJECT")),
                ("repository", GitRepository.WithoutCredentials(Text("BUILD_REPOSITORY_URI"))),
                ("commit", Text("BUILD_SOURCEVERSION")), ("branch", Text("BUILD_SOURCEBRANCH")),
                ("requestedFor", Text("BUILD_REQUESTEDFOREMAIL") ?? Text("BUILD_REQUESTEDFOR")),
            ];
            IEnumerable<Tag> tags = all.Where(tag => tag.Value is not null)
                .Select(tag => new Tag($"azure.pipelines.{tag.Name}", ParamBuilder.Cut(tag.Name, tag.Value!, TrackingLimits.TagValue, truncate: true, [])));
            return BuildPage is null ? [.. tags] : [.. tags, new Tag(RunTags.Note, BuildLink)];
        }
    }

    /// <summary>A link to the build, for a Markdown text.</summary>
    internal string BuildLink
    {
        get
        {
            string build = $"Build {Text("BUILD_BUILDNUMBER") ?? Text("BUILD_BUILDID")}";
            return Markdown.Link(Text("BUILD_DEFINITIONNAME") is { } pipeline ? $"{build} of {pipeline}" : build, BuildPage);
        }
    }

    private string? BuildPage => Text("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI") is { } collection && Text("SYSTEM_TEAMPROJECT") is { } project && Text("BUILD_BUILDID") is { } build
        ? $"{collection.TrimEnd('/')}/{Uri.EscapeDataString(project)}/_build/results?buildId={Uri.EscapeDataString(build)}"
        : null;

    /// <summary>The pipeline; null outside of one, or where <c>ANOVOS_MLFLOW_PIPELINE</c> is <c>false</c>.</summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for that variable.</exception>
    public static AzurePipeline? Find(Func<string, string?> environment)
    {
        var variables = new EnvironmentVariables(environment);
        bool isPipeline = string.Equals(variables.Text("TF_BUILD"), "true", StringComparison.OrdinalIgnoreCase);
        return isPipeline && variables.Flag("ANOVOS_MLFLOW_PIPELINE", defaultValue: true) ? new AzurePipeline(variables) : null;
    }

    /// <summary>Names the run to later tasks of the job, whose MLflow clients then join it.</summary>
    public IReadOnlyList<string> Join(Run run)
    {
        // Scripts of later tasks may hold them as $(MLFLOW_RUN_ID), and a server chose them.
        if (!TrackingLimits.IsRunId(run.RunId) || !TrackingLimits.IsRunId(run.ExperimentId))
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

    /// <summary>How far the task is, 0 to 100, and with what; nothing where that is hardly news.</summary>
    public IReadOnlyList<string> Progress(int percent, string doing)
    {
        if (doing == _doing && percent < _percent + ProgressStep && (percent != 100 || _percent == 100))
            return [];
        (_percent, _doing) = (percent, doing);
        return [LoggingCommand.SetProgress(percent, doing)];
    }

    /// <summary>Writes the summary of a run that ended where the agent finds it, for the page of the build. A nested run has none.</summary>
    /// <exception cref="IOException">It cannot be written; and <see cref="UnauthorizedAccessException"/>.</exception>
    public IReadOnlyList<string> Summarize(RunSummary summary)
    {
        if (summary.Run.Tags.ContainsKey(RunTags.ParentRunId) || !TrackingLimits.IsRunId(summary.Run.RunId))
            return [];

        // The agent empties this folder after the job; until then it may not have read the file yet. The name is the heading.
        string folder = Path.Combine(Text("AGENT_TEMPDIRECTORY") ?? Path.GetTempPath(), "anovos-mlflow");
        Directory.CreateDirectory(folder);
        string path = Path.GetFullPath(Path.Combine(folder, $"MLflow run {summary.Run.RunId}.md"));
        File.WriteAllText(path, summary.ToMarkdown());
        return [LoggingCommand.UploadSummary(path)];
    }

    private string? Text(string name) => _variables.Text(name) is { } value ? Secrets.Clean(value) : null;
}
