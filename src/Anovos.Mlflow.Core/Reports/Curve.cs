using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>
/// The history of a metric as it is drawn: in order, with one point per step. A long history is sampled so that no extreme is lost.
/// </summary>
/// <param name="Points">The points to draw.</param>
/// <param name="Length">The number of points in the history.</param>
internal sealed record Curve(IReadOnlyList<Metric> Points, int Length)
{
    /// <summary>The maximum number of points drawn: about two per pixel of a chart's width, which is as many as can be seen.</summary>
    public const int MostPoints = 600;

    /// <summary>Whether the points differ only by time, because the writer did not count steps.</summary>
    public bool IsByTime { get; private init; }

    /// <summary>The number of values in the history that are not finite.</summary>
    public int NotFinite { get; private init; }

    /// <summary>Computes the curve of a history in any order. If a step has several points, the last one counts.</summary>
    public static Curve Of(IReadOnlyList<Metric> history)
    {
        bool isByTime = history.Count > 1 && history.All(point => point.Step == history[0].Step);
        Metric[] ordered =
        [
            .. history.OrderBy(point => point.Step).ThenBy(point => point.Timestamp).ThenBy(point => point.Value)
                .GroupBy(point => isByTime ? point.Timestamp : point.Step).Select(same => same.Last() with { Value = AsWritten(same.Last().Value) }),
        ];
        return new Curve(Sample(ordered), history.Count) { IsByTime = isByTime, NotFinite = history.Count(point => !IsFinite(AsWritten(point.Value))) };
    }

    /// <summary>Returns a value as it was written. SQL stores keep an infinity as the largest number.</summary>
    public static double AsWritten(double value) => value switch
    {
        double.MaxValue => double.PositiveInfinity,
        double.MinValue => double.NegativeInfinity,
        _ => value,
    };

    // Keeps the smallest and the largest value of each bucket. A value that is not finite is kept too, because it shows as a gap.
    private static IReadOnlyList<Metric> Sample(Metric[] points)
    {
        if (points.Length <= MostPoints)
            return points;
        const int Buckets = MostPoints / 3;
        var kept = new SortedSet<int> { 0, points.Length - 1 };
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            int from = (int)((long)points.Length * bucket / Buckets), to = (int)((long)points.Length * (bucket + 1) / Buckets);
            int smallest = -1, largest = -1, gap = -1;
            for (int i = from; i < to; i++)
            {
                if (!IsFinite(points[i].Value))
                {
                    gap = gap < 0 ? i : gap;
                    continue;
                }

                if (smallest < 0 || points[i].Value < points[smallest].Value)
                    smallest = i;
                if (largest < 0 || points[i].Value > points[largest].Value)
                    largest = i;
            }

            kept.UnionWith(new[] { smallest, largest, gap }.Where(index => index >= 0));
        }

        return [.. kept.Select(index => points[index])];
    }

    private static bool IsFinite(double value) => !double.IsNaN(value) && !double.IsInfinity(value);
}
