using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>A metric's file: a line a point, <c>&lt;Unix milliseconds&gt; &lt;value&gt; &lt;step&gt;</c>.</summary>
internal static class MetricFile
{
    /// <summary>Writes the lines of some points of one metric.</summary>
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

    /// <summary>Every point, in the order written.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> for a line that is no point.</exception>
    public static IEnumerable<Metric> Read(string key, string path)
    {
        int number = 0;
        foreach (string line in SharedFile.ReadWholeLines(path))
        {
            number++;
            yield return Point(key, line) ?? throw new MlflowException(ErrorKind.StoreInvalid,
                $"Line {number} of the metric file '{path}' is not '<time> <value> <step>': '{line}'.") { Target = path };
        }
    }

    /// <summary>The point that counts as the metric's value: the largest step, then time, then value, as MLflow has it.</summary>
    public static Metric? Latest(string key, string path)
    {
        Metric? latest = null;
        foreach (Metric point in Read(key, path))
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

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);

    // The oldest MLflow wrote no step; 3.x adds a data set's name and digest behind it.
    private static Metric? Point(string key, string line)
    {
        string[] fields = line.Trim().Split(' ');
        long step = 0;
        return fields.Length >= 2
            && long.TryParse(fields[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long timestamp)
            && PythonFloat.TryRead(fields[1], out double value)
            && (fields.Length == 2 || long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out step))
                ? new Metric(key, value, timestamp, step)
                : null;
    }
}
