using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The description that MLflow shows on the page of a run.</summary>
internal static class RunNote
{
    // A run in a folder may be copied later to an older Databricks workspace, which limits a tag to this length.
    private const int Longest = 5000;
    private const int LongestLine = 500;

    // datapane fails to reach its server, seconds after a report is written. This is never the cause of a failure.
    private const string Telemetry = "HTTPSConnectionPool(host='events.datapane.com'";

    /// <summary>Returns the tag with the description. The text is appended to a note that the run already has.</summary>
    /// <param name="run">The run as it was when it started.</param>
    /// <param name="text">The description of what happened, in Markdown.</param>
    /// <param name="lastLines">The last log lines of a failed workflow.</param>
    /// <param name="limits">The limits of the run's store.</param>
    public static Tag Of(Run run, string text, IReadOnlyList<string> lastLines, StoreLimits limits)
    {
        string note = run.Tags.TryGetValue(RunTags.Note, out string? earlier) && earlier.Length > 0 ? $"{earlier}\n\n{text}" : text;
        List<string> shown = [];
        int room = Math.Min(Longest, limits.TagValue) - note.Length - 100;
        foreach (string line in lastLines.Reverse().Where(line => !line.Contains(Telemetry)))
        {
            string one = Secrets.Clean(
                new LogLine(line.Length > LongestLine ? line.Substring(0, LongestLine) + "…" : line, IsError: true).ToDisplay());
            if ((room -= one.Length + 5) < 0)
                break;
            shown.Insert(0, one);
        }

        if (shown.Count > 0)
        {
            note += $"\n\nThe last lines of its log ({WorkflowRunner.LogArtifact}):\n\n"
                + string.Join("\n", shown.Select(line => $"    {line}"));
        }

        return new Tag(RunTags.Note, note.Length <= limits.TagValue ? note : note.Substring(0, limits.TagValue));
    }
}
