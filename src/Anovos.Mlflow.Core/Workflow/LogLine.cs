using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Workflow;

/// <summary>A line that a workflow wrote.</summary>
/// <param name="Text">The line without its end; after a carriage return, what a terminal would show of it.</param>
/// <param name="IsError">Whether it came on standard error, where Anovos writes its whole log.</param>
public sealed record LogLine(string Text, bool IsError)
{
    // loguru's and log4j's forms: a time, then the level, with a bar or spaces around it.
    private static readonly Regex Level = new(
        @"^(?<time>[\d\-/.:,T ]{8,32}(?:\|\s*)?)(?<level>WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", RegexOptions.CultureInvariant);

    private static readonly Regex Spark = new(@"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+ [\w$.\-]+: ", RegexOptions.CultureInvariant);

    private static readonly Regex Escape = new(@"\x1B\[[0-9;?]*[A-Za-z]", RegexOptions.CultureInvariant);

    /// <summary>How much a log line matters, by the level that it names. On standard output only Spark's lines are log lines.</summary>
    public LogSeverity Severity => !(IsError || IsSpark) || Level.Match(Plain) is not { Success: true } match ? LogSeverity.Information
        : match.Groups["level"].Value[0] == 'W' ? LogSeverity.Warning : LogSeverity.Error;

    /// <summary>True for a line of Spark's own log, which some versions write to standard output.</summary>
    internal bool IsSpark => Text.Length > 18 && Text[2] == '/' && Spark.IsMatch(Text);

    /// <summary>The line without its time: lines that say the same have the same message.</summary>
    public string Message => Level.Match(Plain) is { Success: true } match ? Plain.Substring(match.Groups["time"].Length) : Plain;

    /// <summary>The line without colors.</summary>
    internal string Plain => Text.IndexOf('\x1B') < 0 ? Text : Escape.Replace(Text, "");

    /// <summary>The line without secrets.</summary>
    public LogLine Redact(Redactor redactor) =>
        redactor.Clean(Text) is var clean && ReferenceEquals(clean, Text) ? this : this with { Text = clean };

    /// <summary>The line for a terminal: without colours, tabs as spaces, and nothing in it that steers.</summary>
    public string ToDisplay() => SafeText.Of(Plain.Replace("\t", "    "));
}

/// <summary>How much a log line matters.</summary>
public enum LogSeverity
{
    /// <summary>It tells what happens.</summary>
    Information,

    /// <summary>It warns.</summary>
    Warning,

    /// <summary>Something failed.</summary>
    Error,
}
