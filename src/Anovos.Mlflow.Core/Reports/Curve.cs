using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Reports;

/// <summary>The history of a metric as it is drawn: in order, a point a step, and of a long one so many that no extreme is lost.</summary>
/// <param name="Points">The points to draw.</param>
/// <param name="Length">How many points the history has.</param>
internal sealed record Curve(IReadOnlyList<Metric> Points, int Length)
{
    /// <summary>How many points are drawn at most: about two a pixel of a chart's column, as many as can be seen.</summary>
    public const int MostPoints = 600;

    /// <summary>Whether the points differ by their time only: who wrote them counted no steps.</summary>
    public bool IsByTime { get; private init; }

    /// <summary>How many values of the history are no finite number.</summary>
    public int NotFinite { get; private init; }

    /// <summary>The curve of a history in any order; of several points at one step the last counts.</summary>
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

    /// <summary>A value as it was written: SQL stores keep an infinity as the largest number.</summary>
    public static double AsWritten(double value) => value switch
    {
        double.MaxValue => double.PositiveInfinity,
        double.MinValue => double.NegativeInfinity,
        _ => value,
    };

    // Of each bucket the smallest and the largest value; one that is not finite makes a gap, and a gap is seen too.
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
