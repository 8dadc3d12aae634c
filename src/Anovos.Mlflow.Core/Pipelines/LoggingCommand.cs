using System.Globalization;

namespace Anovos.Mlflow.Pipelines;

/// <summary>
/// Creates lines that are commands for the agent (Azure Pipelines, "Logging commands"). The agent runs the first command in a line,
/// starting at <c>##vso[</c>. Values are escaped, so they can neither end the command nor start another.
/// </summary>
internal static class LoggingCommand
{
    // The service keeps at most this many characters of an issue.
    private const int LongestIssue = 4000;

    /// <summary>Sets a variable of the job, which later tasks have in their environment.</summary>
    public static string SetVariable(string name, string value) => $"##vso[task.setvariable variable={Property(name)}]{Data(value)}";

    /// <summary>Sets the progress of the task, 0 to 100.</summary>
    public static string SetProgress(int percent, string text) =>
        $"##vso[task.setprogress value={percent.ToString(CultureInfo.InvariantCulture)};]{Data(Readable(text))}";

    /// <summary>Adds a warning or an error to the page of the build. It does not fail the task.</summary>
    public static string LogIssue(string type, string text) => LogIssue($"type={Property(type)};", text, where: "");

    /// <summary>Adds an issue with a position in a file to the page of the build. Lines and columns start at 1.</summary>
    public static string LogIssue(string type, string text, string path, int line, int column, string code) =>
        LogIssue($"type={Property(type)};", text,
            FormattableString.Invariant($"sourcepath={Property(path)};linenumber={line};columnnumber={column};code={Property(code)};"));

    /// <summary>Adds a Markdown file to the page of the build. The agent reads it later.</summary>
    public static string UploadSummary(string path) => $"##vso[task.uploadsummary]{Data(path)}";

    /// <summary>Adds test results in JUnit's XML format to the Tests tab of the build. A comma in the path would end the path.</summary>
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
