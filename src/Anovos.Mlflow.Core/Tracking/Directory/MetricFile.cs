using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes the file of a metric, with one point per line: <c>&lt;Unix milliseconds&gt; &lt;value&gt; &lt;step&gt;</c>.
/// </summary>
internal static class MetricFile
{
    // Matches an incomplete line written by Write.
    private static readonly Regex HalfLine = new(@"^-?[0-9]*(?: [-+.0-9a-z]*(?: -?[0-9]*)?)?\z", RegexOptions.CultureInvariant);

    /// <summary>Writes the lines of points of one metric.</summary>
    public static void Write(TextWriter lines, IEnumerable<Metric> points)
    {
        foreach (Metric point in points)
        {
            lines.Write(Whole(point.Timestamp));
            lines.Write(' ');
            lines.Write(PythonFloat.Write(point.Value));
            lines.Write(' ');
            lines.Write(Whole(point.Step));
            lines.Write('\n');
        }
    }

    /// <summary>Returns every point, in the order written. Skips lines that are not points.</summary>
    /// <param name="runFolder">The folder of the run.</param>
    /// <param name="key">The name of the metric.</param>
    /// <param name="path">The path of its file.</param>
    /// <param name="warn">Called with a warning for each line that cannot be read.</param>
    /// <param name="asWritten">Whether a point with a dataset gets the step that was written, instead of 0 as in MLflow.</param>
    public static IEnumerable<Metric> Read(string runFolder, string key, string path, Action<string> warn, bool asWritten = false)
    {
        int number = 0;
        foreach (string line in SharedFile.ReadLines(path, offset => GrowthNotes.IsWhole(runFolder, key, offset)))
        {
            number++;
            if (Point(key, line, asWritten) is { } point)
                yield return point;
            else if (Trim(line).Length > 0)
                warn($"{path}:{number}: '{Shortened(line)}' is not '<time> <value> <step>'. This point is left out.");
        }
    }

    /// <summary>Whether an unterminated last line is only the beginning of a point, which MLflow cannot read either.</summary>
    public static bool IsHalf(string line) => Point("", line) is null && HalfLine.IsMatch(line);

    /// <summary>
    /// Returns the point that counts as the metric's value: that with the largest step, then time, then value, as in MLflow.
    /// </summary>
    public static Metric? Latest(string runFolder, string key, string path, Action<string> warn)
    {
        Metric? latest = null;
        foreach (Metric point in Read(runFolder, key, path, warn))
        {
            if (latest is null || point.Step > latest.Step
                || (point.Step == latest.Step && (point.Timestamp > latest.Timestamp
                    || (point.Timestamp == latest.Timestamp && point.Value > latest.Value))))
            {
                latest = point;
            }
        }

        return latest;
    }

    // Editors write a byte order mark before the first line.
    private static string Trim(string line) => line.Trim().TrimStart('\uFEFF');

    private static string Shortened(string line) => line.Length > 60 ? line.Substring(0, 60) + "…" : line;

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    // Follows MLflow (FileStore._get_metric_from_line). The oldest MLflow wrote no step. For a metric with a dataset, 3.x writes the step
    // and the name and digest of the dataset, and ignores the step of such a line when reading.
    private static Metric? Point(string key, string line, bool asWritten = false)
    {
        string[] fields = Trim(line).Split(' ');
        long step = 0;
        bool hasStep = fields.Length == 3 || (asWritten && fields.Length == 5);
        return fields.Length is 2 or 3 or 5
            && long.TryParse(fields[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long timestamp)
            && PythonFloat.TryRead(fields[1], out double value)
            && (!hasStep || long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out step))
                ? new Metric(key, value, timestamp, step)
                : null;
    }
}
