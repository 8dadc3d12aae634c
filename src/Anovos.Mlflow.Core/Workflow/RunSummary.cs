using System.Globalization;
using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>A summary of a run's results, for the page of a build.</summary>
public sealed record RunSummary
{
    private const int SlowestSteps = 10;
    private const int Names = 50;
    private const int LongestFault = 600;
    private const string FlaggedTags = StatisticReport.FlaggedPrefix;

    /// <summary>The run.</summary>
    public required Run Run { get; init; }

    /// <summary>The final status of the run.</summary>
    public required RunStatus Status { get; init; }

    /// <summary>The address of the run's page; null if it has none.</summary>
    public string? Page { get; init; }

    /// <summary>The error, as a sentence; null if there was none.</summary>
    public string? Fault { get; init; }

    /// <summary>The duration of each step.</summary>
    public IReadOnlyList<StepTiming> Timings { get; init; } = [];

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The columns with the largest shares of missing values, largest first.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> MissingShares { get; init; } = [];

    /// <summary>The resources that the workflow used; null if unknown.</summary>
    public WorkflowCost? Cost { get; init; }

    /// <summary>The number of errors in the log.</summary>
    public int LogErrors { get; init; }

    /// <summary>The errors that say what was not reported, and why.</summary>
    public IReadOnlyList<MlflowException> Errors { get; init; } = [];

    /// <summary>The result for each artifact; null if unknown.</summary>
    public IReadOnlyList<ArtifactResult>? Artifacts { get; init; }

    /// <summary>Creates the summary of a run from the data in its store.</summary>
    /// <param name="run">The ended run.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace; null if the store is not one.</param>
    public static RunSummary Of(Run run, string? workspaceUrl) => new()
    {
        Run = run,
        Status = run.Status,
        Page = run.PageIn(workspaceUrl),
        Timings = [.. run.Metrics.Where(metric => metric.Key.StartsWith(Mlflow.Workflow.Timings.Prefix, StringComparison.Ordinal))
            .Select(metric => new StepTiming(metric.Key, metric.Value))],
        Cost = WorkflowCost.Of(run),
        FlaggedAttributes = run.Tags.Where(tag => tag.Key.StartsWith(FlaggedTags, StringComparison.Ordinal))
            .ToDictionary(tag => tag.Key.Substring(FlaggedTags.Length), tag => (IReadOnlyList<string>)tag.Value.Split([", "], StringSplitOptions.RemoveEmptyEntries)),
    };

    /// <summary>Creates the summary of a workflow's run.</summary>
    /// <param name="result">The result of running the workflow.</param>
    /// <param name="run">The run as it was when it started.</param>
    /// <param name="workspaceUrl">The address of the Databricks workspace; null if the store is not one.</param>
    public static RunSummary Of(WorkflowResult result, Run run, string? workspaceUrl) => new()
    {
        Run = result.Run ?? run,
        Status = result.Status,
        Page = (result.Run ?? run).PageIn(workspaceUrl),
        Fault = result.Fault,
        Timings = result.Timings,
        FlaggedAttributes = result.FlaggedAttributes,
        MissingShares = result.MissingShares,
        Cost = result.Cost,
        LogErrors = result.LogErrors,
        Errors = result.Errors,
        Artifacts = result.Artifacts,
    };

    /// <summary>The summary in Markdown, with all names escaped.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("**").Append(Status).Append("**: MLflow run ").Append(Markdown.Link(Run.RunName.Length > 0 ? Run.RunName : Run.RunId, Page));
        if (Run.Experiment.Length > 0)
            text.Append(" in experiment ").Append(Markdown.Text(Run.Experiment));
        text.Append('\n');
        AddAll(text);
        AddArtifacts(text);
        return text.ToString();
    }

    /// <summary>The summary as the run's description, in Markdown. It also lists what was not sent, and why.</summary>
    public string ToDescription()
    {
        var text = new StringBuilder();
        text.Append("**").Append(Status).Append("**");
        if (Timings.LastOrDefault(step => step.Key == Mlflow.Workflow.Timings.Total) is { } total)
            text.Append(" after ").Append(Seconds(total)).Append(" s");
        text.Append('\n');
        AddAll(text);
        AddNotSent(text);
        return text.ToString().TrimEnd('\n');
    }

    private void AddAll(StringBuilder text)
    {
        if (Fault is not null)
            text.Append("\n> ").Append(Markdown.Text(Fault, LongestFault)).Append('\n');
        if (LogErrors > 0)
        {
            text.Append("\nIts log has ").Append(LogErrors).Append(LogErrors == 1 ? " error" : " errors");
            text.Append(Status == RunStatus.Finished ? ", after which it continued.\n" : ".\n");
        }

        AddFlagged(text);
        AddMissing(text);
        AddSteps(text);
        if (Cost?.ToText() is { } cost)
            text.Append('\n').Append(Markdown.Text(cost, LongestFault)).Append('\n');
    }

    private void AddMissing(StringBuilder text)
    {
        if (MissingShares.Count == 0)
            return;
        text.Append("\n### Most missing values\n\n| column | missing |\n|---|---:|\n");
        foreach (KeyValuePair<string, double> column in MissingShares)
        {
            text.Append("| ").Append(Markdown.Text(column.Key)).Append(" | ");
            text.Append((100 * column.Value).ToString("0.##", CultureInfo.InvariantCulture)).Append(" % |\n");
        }
    }

    private void AddNotSent(StringBuilder text)
    {
        IGrouping<string, ArtifactResult>[] reasons =
        [
            .. (Artifacts ?? []).Where(row => row.Status is ArtifactStatus.NotTracked or ArtifactStatus.Missing or ArtifactStatus.Failed)
                .GroupBy(row => row.Path.Length > 1 ? row.Reason.Replace(row.Path, "…") : row.Reason)
                    .OrderByDescending(group => group.Max(row => row.Status))
                    .ThenByDescending(group => group.Count()),
        ];
        MlflowException[] others =
            [.. Errors.Where(error => !reasons.SelectMany(group => group).Any(row => row.Path == error.Target as string))];
        if (reasons.Length + others.Length == 0)
            return;
        text.Append("\n### Not sent\n\n| what | why |\n|---|---|\n");
        foreach (IGrouping<string, ArtifactResult> group in reasons.Take(SlowestSteps))
        {
            text.Append("| ").Append(Listed([.. group.Select(row => row.ArtifactPath).Distinct()], few: 5));
            text.Append(" | ").Append(Markdown.Text(group.Key)).Append(" |\n");
        }

        foreach (MlflowException error in others.Take(SlowestSteps))
            text.Append("| the run | ").Append(Markdown.Text(error.Message)).Append(" |\n");
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
        StepTiming[] slowest =
            [.. Timings.Where(step => Mlflow.Workflow.Timings.IsStep(step.Key)).OrderByDescending(step => step.Seconds).Take(SlowestSteps)];
        if (slowest.Length == 0)
            return;
        text.Append("\n### Slowest steps\n\n| step | seconds |\n|---|---:|\n");
        foreach (StepTiming step in slowest)
            text.Append("| ").Append(Markdown.Text(step.Key.Substring(Mlflow.Workflow.Timings.Prefix.Length))).Append(" | ")
                .Append(Seconds(step)).Append(" |\n");
        if (Timings.LastOrDefault(step => step.Key == Mlflow.Workflow.Timings.Total) is { } total)
            text.Append("| all | ").Append(Seconds(total)).Append(" |\n");
    }

    private void AddArtifacts(StringBuilder text)
    {
        if (Artifacts is null)
            return;
        text.Append("\n### Artifacts\n\n");
        text.Append(Artifacts.Count == 0 ? "None." : string.Join(", ", Artifacts.GroupBy(row => row.Status).OrderBy(group => group.Key).Select(group => $"{group.Key}: {group.Count()}"))).Append('\n');
        string[] lost = [.. Artifacts.Where(row => row.Status is ArtifactStatus.Failed or ArtifactStatus.Missing).Select(row => row.ArtifactPath)];
        if (lost.Length > 0)
            text.Append("\nMissing: ").Append(Listed(lost)).Append('\n');
    }

    private static string Listed(IReadOnlyList<string> names, int few = Names) => names.Count == 0 ? "none"
        : string.Join(", ", names.Take(few).Select(name => Markdown.Text(name)))
            + (names.Count > few ? $" and {names.Count - few} more" : "");

    private static string Seconds(StepTiming step) => step.Seconds.ToString("0.0", CultureInfo.InvariantCulture);
}
