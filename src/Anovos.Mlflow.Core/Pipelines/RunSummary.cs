using System.Globalization;
using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Pipelines;

/// <summary>What a run came to, for whoever looks at the build first.</summary>
public sealed record RunSummary
{
    private const int SlowestSteps = 10;
    private const int Names = 50;
    private const string FlaggedTags = Workflow.StatisticReport.FlaggedPrefix;

    /// <summary>The run.</summary>
    public required Run Run { get; init; }

    /// <summary>How it ended.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The address of its page; null where it has none.</summary>
    public string? Page { get; init; }

    /// <summary>What went wrong, as a sentence; null when nothing did.</summary>
    public string? Fault { get; init; }

    /// <summary>How long each step took.</summary>
    public IReadOnlyList<StepTiming> Timings { get; init; } = [];

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>What became of each artifact; null where this is not known.</summary>
    public IReadOnlyList<ArtifactResult>? Artifacts { get; init; }

    /// <summary>The summary of a run as its store has it.</summary>
    /// <param name="run">The run, ended.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace, where the store is one.</param>
    public static RunSummary Of(Run run, string? workspaceUrl) => new()
    {
        Run = run,
        Status = run.Status,
        Page = run.PageIn(workspaceUrl),
        Timings = [.. run.Metrics.Where(metric => metric.Key.StartsWith(Workflow.Timings.Prefix, StringComparison.Ordinal)).Select(metric => new StepTiming(metric.Key, metric.Value))],
        FlaggedAttributes = run.Tags.Where(tag => tag.Key.StartsWith(FlaggedTags, StringComparison.Ordinal))
            .ToDictionary(tag => tag.Key.Substring(FlaggedTags.Length), tag => (IReadOnlyList<string>)tag.Value.Split([", "], StringSplitOptions.RemoveEmptyEntries)),
    };

    /// <summary>The summary of a workflow's run.</summary>
    /// <param name="result">What running the workflow came to.</param>
    /// <param name="run">The run as it began.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace, where the store is one.</param>
    public static RunSummary Of(WorkflowResult result, Run run, string? workspaceUrl) => new()
    {
        Run = result.Run ?? run,
        Status = result.Status,
        Page = (result.Run ?? run).PageIn(workspaceUrl),
        Fault = result.Fault,
        Timings = result.Timings,
        FlaggedAttributes = result.FlaggedAttributes,
        Artifacts = result.Artifacts,
    };

    /// <summary>The summary in Markdown. No name in it is more than text.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("**").Append(Status).Append("**: MLflow run ").Append(Markdown.Link(Run.RunName.Length > 0 ? Run.RunName : Run.RunId, Page));
        if (Run.Experiment.Length > 0)
            text.Append(" in experiment ").Append(Markdown.Text(Run.Experiment));
        text.Append('\n');
        if (Fault is not null)
            text.Append("\n> ").Append(Markdown.Text(Fault)).Append('\n');
        AddFlagged(text);
        AddSteps(text);
        AddArtifacts(text);
        return text.ToString();
    }

    private void AddFlagged(StringBuilder text)
    {
        if (FlaggedAttributes.Count == 0)
            return;
        text.Append("\n### Flagged attributes\n\n| table | flagged |\n|---|---|\n");
        foreach (KeyValuePair<string, IReadOnlyList<string>> table in FlaggedAttributes.OrderBy(table => table.Key, StringComparer.Ordinal))
            text.Append("| ").Append(Markdown.Text(table.Key)).Append(" | ").Append(Listed(table.Value)).Append(" |\n");
    }

    private void AddSteps(StringBuilder text)
    {
        StepTiming[] slowest = [.. Timings.Where(step => step.Key != Workflow.Timings.Total).OrderByDescending(step => step.Seconds).Take(SlowestSteps)];
        if (slowest.Length == 0)
            return;
        text.Append("\n### Slowest steps\n\n| step | seconds |\n|---|---:|\n");
        foreach (StepTiming step in slowest)
            text.Append("| ").Append(Markdown.Text(step.Key.Substring(Workflow.Timings.Prefix.Length))).Append(" | ").Append(Seconds(step)).Append(" |\n");
        if (Timings.LastOrDefault(step => step.Key == Workflow.Timings.Total) is { } total)
            text.Append("| all, without the report | ").Append(Seconds(total)).Append(" |\n");
    }

    private void AddArtifacts(StringBuilder text)
    {
        if (Artifacts is null)
            return;
        text.Append("\n### Artifacts\n\n");
        text.Append(Artifacts.Count == 0 ? "None." : string.Join(", ", Artifacts.GroupBy(row => row.Status).OrderBy(group => group.Key).Select(group => $"{group.Key}: {group.Count()}"))).Append('\n');
        string[] lost = [.. Artifacts.Where(row => row.Status is ArtifactStatus.Failed or ArtifactStatus.Missing).Select(row => row.ArtifactPath)];
        if (lost.Length > 0)
            text.Append("\nNot there: ").Append(Listed(lost)).Append('\n');
    }

    private static string Listed(IReadOnlyList<string> names) => names.Count == 0 ? "none"
        : string.Join(", ", names.Take(Names).Select(Markdown.Text)) + (names.Count > Names ? $" and {names.Count - Names} more" : "");

    private static string Seconds(StepTiming step) => step.Seconds.ToString("0.0", CultureInfo.InvariantCulture);
}
