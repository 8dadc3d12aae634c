using System.Globalization;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The duration of a workflow step, from the workflow's log.</summary>
/// <param name="Key">The metric, such as <c>time/stats_generator/global_summary</c>.</param>
/// <param name="Seconds">The duration, in seconds.</param>
public sealed record StepTiming(string Key, double Seconds);

/// <summary>Reads the durations of steps from a workflow's log.</summary>
/// <param name="limits">The limits of the run's store.</param>
public sealed class Timings(StoreLimits limits)
{
    /// <summary>The metric of the entire workflow, from the start of its program to the end.</summary>
    public const string Total = Prefix + "total";

    /// <summary>The metric of the time that Anovos' drift detector prints: the total of all steps so far.</summary>
    public const string WithoutReport = Prefix + "without_report";

    /// <summary>The metric of the last write, which is missing in Anovos' log.</summary>
    public const string FinalWrite = Prefix + "write_main";

    /// <summary>The prefix of metrics of durations, in seconds.</summary>
    public const string Prefix = "time/";

    private const string Words = "execution time ";

    // The text before the step depends on the logger, but must end with a dash or a bar:
    // "… - stats_generator, global_summary: execution time (in secs) =3.4107", and after drift detection "… - execution time w/o report
    // (in sec) =201.4".
    private static readonly Regex Form = new(
        @"(?:^|\s-\s|\|)\s*(?:(?<step>(?:(?!\s-\s)[^:|])+?)\s*:\s*)?execution time (?<rest>w/o report )?\(in secs?\)\s*=\s*(?<seconds>\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?)\s*$",
        RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private readonly List<StepTiming> _all = [];
    private readonly List<Metric> _fresh = [];

    /// <summary>All timings so far, in log order.</summary>
    public IReadOnlyList<StepTiming> All
    {
        get
        {
            lock (_all)
                return [.. _all];
        }
    }

    /// <summary>The time when the last step ended; null before the first has ended.</summary>
    public DateTime? LastEndUtc { get; private set; }

    /// <summary>True if the metric is the duration of a single step.</summary>
    public static bool IsStep(string key) => key is not (Total or WithoutReport);

    /// <summary>Reads a line of the log.</summary>
    public void Read(LogLine line)
    {
        // At up to a hundred thousand lines per second, very few lines are timings, and long lines never are.
        if (line.Text.Length > 1000 || line.Text.IndexOf(Words, StringComparison.Ordinal) < 0 || Parse(line.Plain) is not { } timing)
            return;
        LastEndUtc = DateTime.UtcNow;
        Add(timing);
    }

    /// <summary>Adds a duration that is not in the log.</summary>
    public void Add(StepTiming timing)
    {
        lock (_all)
        {
            string key = Apart(timing.Key);
            // A workflow step that runs again becomes the next step of its metric.
            int earlier = _all.Count(other => other.Key == key);
            _all.Add(timing with { Key = key });
            _fresh.Add(new Metric(key, timing.Seconds, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), earlier));
        }
    }

    /// <summary>Removes and returns the metrics since the last call.</summary>
    public IReadOnlyList<Metric> TakeFresh()
    {
        lock (_all)
        {
            Metric[] fresh = [.. _fresh];
            _fresh.Clear();
            return fresh;
        }
    }

    private StepTiming? Parse(string line)
    {
        if (Form.Match(line) is not { Success: true } match || !double.TryParse(match.Groups["seconds"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds))
            return null;
        string step = match.Groups["step"].Value;
        if (step.Length == 0)
            return match.Groups["rest"].Success ? new StepTiming(WithoutReport, seconds) : null;

        return new StepTiming(limits.ToValidKey($"{Prefix}{string.Join("/", step.Split(',').Select(KeySegment))}"), seconds);
    }

    // A directory store cannot hold both time/a and time/a/b: one would be a file, the other a folder of the same name.
    private string Apart(string key)
    {
        if (_all.Any(other => other.Key.StartsWith(key + "/", StringComparison.Ordinal)))
            return key + "/all";
        return _all.Any(other => key.StartsWith(other.Key + "/", StringComparison.Ordinal)) ? $"{Prefix}{key.Substring(Prefix.Length).Replace('/', '.')}" : key;
    }

    private static string KeySegment(string text) => text.Trim().Replace('/', '_').Replace(' ', '_');
}
