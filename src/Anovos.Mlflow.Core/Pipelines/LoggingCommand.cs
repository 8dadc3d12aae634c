using System.Globalization;

namespace Anovos.Mlflow.Pipelines;

/// <summary>
/// A line by which a task speaks to the agent (Azure Pipelines, "Logging commands"). The agent obeys a line by its first
/// <c>##vso[</c>; what is put in here can neither end the command nor begin another.
/// </summary>
internal static class LoggingCommand
{
    // The service keeps no more of an issue.
    private const int LongestIssue = 4000;

    /// <summary>Sets a variable of the job; later tasks find it in their environment.</summary>
    public static string SetVariable(string name, string value) => $"##vso[task.setvariable variable={Property(name)}]{Data(value)}";

    /// <summary>Says how far the task is, 0 to 100.</summary>
    public static string SetProgress(int percent, string text) =>
        $"##vso[task.setprogress value={percent.ToString(CultureInfo.InvariantCulture)};]{Data(Readable(text))}";

    /// <summary>Puts a warning or an error on the page of the build. It does not fail the task.</summary>
    public static string LogIssue(string type, string text) => LogIssue($"type={Property(type)};", text, where: "");

    /// <summary>Puts an issue at a place of a file on the page of the build. Lines and columns are counted from 1.</summary>
    public static string LogIssue(string type, string text, string path, int line, int column, string code) =>
        LogIssue($"type={Property(type)};", text,
            FormattableString.Invariant($"sourcepath={Property(path)};linenumber={line};columnnumber={column};code={Property(code)};"));

    /// <summary>Puts a Markdown file on the page of the build. The agent reads it later.</summary>
    public static string UploadSummary(string path) => $"##vso[task.uploadsummary]{Data(path)}";

    /// <summary>Puts test results, as JUnit's XML, on the tab Tests of the build. A comma in the path ends it.</summary>
    public static string PublishTests(string path, string title) =>
        $"##vso[results.publish type=JUnit;mergeResults=true;publishRunAttachments=true;runTitle={Property(Readable(title))};]{Data(path)}";

    private static string LogIssue(string type, string text, string where)
    {
        string readable = Readable(text);
        string kept = readable.Length <= LongestIssue ? readable : readable.Substring(0, LongestIssue) + "…";
        return $"##vso[task.logissue {type}{where}]{Data(kept)}";
    }

    private static string Readable(string text) => SafeText.Of(Secrets.Clean(text));

    private static string Property(string value) => Data(value).Replace("]", "%5D").Replace(";", "%3B");

    private static string Data(string value) => value.Replace("%", "%AZP25").Replace("\r", "%0D").Replace("\n", "%0A");
}
