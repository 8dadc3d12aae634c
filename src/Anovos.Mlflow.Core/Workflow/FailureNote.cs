using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The note that MLflow shows on the page of a run whose workflow failed: what happened, and the end of its log.</summary>
internal static class FailureNote
{
    // A run in a folder may go to an older Databricks workspace later, which keeps no more of a tag.
    private const int Longest = 5000;
    private const int LongestLine = 500;

    /// <summary>The tag; below a note that the run has already.</summary>
    public static Tag Of(Run run, string fault, IReadOnlyList<string> lastLines, StoreLimits limits)
    {
        string note = run.Tags.TryGetValue(RunTags.Note, out string? earlier) && earlier.Length > 0 ? $"{earlier}\n\n{fault}" : fault;
        List<string> shown = [];
        int room = Math.Min(Longest, limits.TagValue) - note.Length - 100;
        foreach (string line in lastLines.Reverse())
        {
            string text = Secrets.Clean(new LogLine(line.Length > LongestLine ? line.Substring(0, LongestLine) + "…" : line, IsError: true).ToDisplay());
            if ((room -= text.Length + 5) < 0)
                break;
            shown.Insert(0, text);
        }

        if (shown.Count > 0)
            note += $"\n\nThe last lines of its log ({WorkflowRunner.LogArtifact}):\n\n" + string.Join("\n", shown.Select(line => $"    {line}"));
        return new Tag(RunTags.Note, note.Length <= limits.TagValue ? note : note.Substring(0, limits.TagValue));
    }
}
