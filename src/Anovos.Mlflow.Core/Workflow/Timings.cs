using System.Globalization;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>How long a step of a workflow took, as its log says.</summary>
/// <param name="Key">Its metric, as <c>time/stats_generator/global_summary</c>.</param>
/// <param name="Seconds">The time.</param>
public sealed record StepTiming(string Key, double Seconds);

/// <summary>Finds in a workflow's log how long its steps took.</summary>
/// <param name="limits">What the store of the run accepts.</param>
public sealed class Timings(StoreLimits limits)
{
    /// <summary>The metric of the whole workflow, from the start of its program to its end.</summary>
    public const string Total = Prefix + "total";

    /// <summary>The metric of the time that Anovos' drift detector prints: all steps up to it.</summary>
    public const string WithoutReport = Prefix + "without_report";

    /// <summary>The metric of the last write, of which Anovos' log says nothing.</summary>
    public const string FinalWrite = Prefix + "write_main";

    /// <summary>Metrics of how long something took begin with it; the values are seconds.</summary>
    public const string Prefix = "time/";

    private const string Words = "execution time ";

    // What stands before the step is the logger's own affair, as long as a dash or a bar ends it:
    // "… - stats_generator, global_summary: execution time (in secs) =3.4107", and after drift detection "… - execution time w/o report
    // (in sec) =201.4".
    private static readonly Regex Form = new(
        @"(?:^|\s-\s|\|)\s*(?:(?<step>(?:(?!\s-\s)[^:|])+?)\s*:\s*)?execution time (?<rest>w/o report )?\(in secs?\)\s*=\s*(?<seconds>\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?)\s*$",
        RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

    private readonly List<StepTiming> _all = [];
    private readonly List<Metric> _fresh = [];

    /// <summary>Every timing so far, in the order of the log.</summary>
    public IReadOnlyList<StepTiming> All
    {
        get
        {
            lock (_all)
                return [.. _all];
        }
    }

    /// <summary>When the last step ended; null before the first has.</summary>
    public DateTime? LastEndUtc { get; private set; }

    /// <summary>True if the metric is the time of one step.</summary>
    public static bool IsStep(string key) => key is not (Total or WithoutReport);

    /// <summary>Looks at a line of the log.</summary>
    public void Read(LogLine line)
    {
        // Of a hundred thousand lines a second very few are timings; a long one is none.
        if (line.Text.Length > 1000 || line.Text.IndexOf(Words, StringComparison.Ordinal) < 0 || Parse(line.Plain) is not { } timing)
            return;
        LastEndUtc = DateTime.UtcNow;
        Add(timing);
    }

    /// <summary>Adds a time that the log does not say.</summary>
    public void Add(StepTiming timing)
    {
        lock (_all)
        {
            string key = Apart(timing.Key);
            // A step that runs again is the next step of its metric.
            int earlier = _all.Count(other => other.Key == key);
            _all.Add(timing with { Key = key });
            _fresh.Add(new Metric(key, timing.Seconds, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), earlier));
        }
    }

    /// <summary>The metrics since this was last asked.</summary>
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

    // A directory store cannot hold both time/a and time/a/b: one is a file, the other a folder.
    private string Apart(string key)
    {
        if (_all.Any(other => other.Key.StartsWith(key + "/", StringComparison.Ordinal)))
            return key + "/all";
        return _all.Any(other => key.StartsWith(other.Key + "/", StringComparison.Ordinal)) ? $"{Prefix}{key.Substring(Prefix.Length).Replace('/', '.')}" : key;
    }

    private static string KeySegment(string text) => text.Trim().Replace('/', '_').Replace(' ', '_');
}
