using System.Text.RegularExpressions;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Workflow;

/// <summary>Finds the exception that ended a workflow, and its step, in the workflow's output.</summary>
internal sealed class FailureCause
{
    private const int LongestException = 400;
    private const string Header = "Traceback (most recent call last):";

    // A failed thread does not end the program. datapane has such a thread.
    private static readonly string[] Elsewhere = ["Exception in thread ", "Exception ignored in"];

    private static readonly Regex Frame = new(
        @"^\s+File ""[^""]*[/\\](?<file>[^""/\\]+)"", line \d+, in (?<function>\w+)", RegexOptions.CultureInvariant);

    private static readonly Regex Exception = new(@"^[A-Za-z_][\w.]*(?::\s|\z)", RegexOptions.CultureInvariant);

    // Anovos prints a step's name when the step starts, and its duration when it ends.
    private static readonly Regex Started = new(@"^(?<name>\w+): ?\z", RegexOptions.CultureInvariant);
    private static readonly Regex Ended = new(@"\b(?<name>\w+): execution time ", RegexOptions.CultureInvariant);

    private static readonly Dictionary<string, string> Functions = new(StringComparer.Ordinal) { ["anovos_report"] = "report_generation" };

    // The last part of a step's name is the function that Anovos calls.
    private readonly ILookup<string, string> _steps;
    private readonly List<string> _functions = [];
    private string? _started, _exception, _last;
    private bool _isTraceback;

    public FailureCause(AnovosPlan plan) => _steps = plan.Outputs.Where(output => output.Path is not null)
        .Select(output => output.Step).Distinct().ToLookup(step => step.Substring(step.LastIndexOf('.') + 1));

    /// <summary>The exception, such as <c>TypeError: Invalid input for method_type</c>; null if the output names none.</summary>
    public string? Message => _exception is { } text && text.Length > LongestException ? text.Substring(0, LongestException) + "…"
        : _exception;

    /// <summary>The step, such as <c>quality_checker.nullRows_detection</c>; null if the output does not show it.</summary>
    public string? Step => _started ?? _functions.Select(StepOf).FirstOrDefault(step => step is not null);

    /// <summary>Reads a line of the output.</summary>
    public void Read(LogLine line)
    {
        string text = line.Plain;
        if (!line.IsError)
        {
            if (text.Length is > 1 and < 100 && Started.Match(text) is { Success: true } match
                && StepOf(match.Groups["name"].Value) is { } step)
                _started = step;
            return;
        }

        if (text == Header)
        {
            _isTraceback = !Elsewhere.Any(start => _last?.StartsWith(start, StringComparison.Ordinal) == true);
            if (_isTraceback)
            {
                _functions.Clear();
                _exception = null;
            }
        }
        else if (_isTraceback && Frame.Match(text) is { Success: true } frame)
        {
            _functions.Add(frame.Groups["function"].Value);
        }
        else if (_isTraceback && Exception.IsMatch(text))
        {
            _exception = Secrets.Clean(text);
            _isTraceback = false;
        }
        else if (_last == _exception && text.StartsWith(": ", StringComparison.Ordinal))
        {
            // "An error occurred while calling o1.load." is not useful; the Java exception is on the next line.
            _exception += Secrets.Clean(text);
        }
        else if (_started is { } started && Ended.Match(text) is { Success: true } end && StepOf(end.Groups["name"].Value) == started)
        {
            // The two streams arrive separately: the end of a step may arrive after the start of the next step.
            _started = null;
        }

        _last = text;
    }

    private string? StepOf(string function) => _steps[Functions.TryGetValue(function, out string? name) ? name : function].FirstOrDefault();
}
