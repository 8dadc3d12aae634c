using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Workflow;

/// <summary>A line that a workflow wrote.</summary>
/// <param name="Text">The line without its line break. With carriage returns, only the part that a terminal would show.</param>
/// <param name="IsError">Whether the line is from standard error, where Anovos writes its entire log.</param>
public sealed record LogLine(string Text, bool IsError)
{
    // The formats of loguru and log4j: a time, then the level, with a bar or spaces around it.
    private static readonly Regex Level = new(
        @"^(?<time>[\d\-/.:,T ]{8,32}(?:\|\s*)?)(?<level>WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", RegexOptions.CultureInvariant);

    private static readonly Regex Spark = new(@"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d [A-Z]+ [\w$.\-]+: ", RegexOptions.CultureInvariant);

    private static readonly Regex Escape = new(@"\x1B\[[0-9;?]*[A-Za-z]", RegexOptions.CultureInvariant);

    /// <summary>The severity of a log line, from the level in its text. On standard output, only Spark's lines are log lines.</summary>
    public LogSeverity Severity => !(IsError || IsSpark) || Level.Match(Plain) is not { Success: true } match ? LogSeverity.Information
        : match.Groups["level"].Value[0] == 'W' ? LogSeverity.Warning : LogSeverity.Error;

    /// <summary>True for a line of Spark's own log, which some versions write to standard output.</summary>
    internal bool IsSpark => Text.Length > 18 && Text[2] == '/' && Spark.IsMatch(Text);

    /// <summary>The line without its time, so that equal log messages compare as equal.</summary>
    public string Message => Level.Match(Plain) is { Success: true } match ? Plain.Substring(match.Groups["time"].Length) : Plain;

    /// <summary>The line without colors.</summary>
    internal string Plain => Text.IndexOf('\x1B') < 0 ? Text : Escape.Replace(Text, "");

    /// <summary>The line without secrets.</summary>
    public LogLine Redact(Redactor redactor) =>
        redactor.Clean(Text) is var clean && ReferenceEquals(clean, Text) ? this : this with { Text = clean };

    /// <summary>The line for a terminal: without colors and control characters, and with tabs as spaces.</summary>
    public string ToDisplay() => SafeText.Of(Plain.Replace("\t", "    "));
}

/// <summary>The severity of a log line.</summary>
public enum LogSeverity
{
    /// <summary>The line is informational.</summary>
    Information,

    /// <summary>The line is a warning.</summary>
    Warning,

    /// <summary>The line is an error.</summary>
    Error,
}
