namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and compares the points of a run's metrics.</summary>
internal static class MetricHistory
{
    /// <summary>Returns one page of a metric's points, unchanged, for copying.</summary>
    public static async Task<Page<Metric>> ToCopyAsync(
        ITrackingStore store, string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        store.As<DirectoryStore>() is { } folder
            ? new Page<Metric>(await folder.GetHistoryAsWrittenAsync(runId, key, cancellationToken).ConfigureAwait(false), null)
            : await store.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken).ConfigureAwait(false);

    /// <summary>Returns the points that the run does not have yet. A point that is given twice and stored once is missing once.</summary>
    public static async Task<IReadOnlyList<Metric>> MissingAsync(ITrackingStore store, string runId, IReadOnlyList<Metric> points, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, double> latest = (await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false)).Metrics;
        List<Metric> missing = [];
        foreach (IGrouping<string, Metric> metric in points.GroupBy(point => point.Key))
        {
            Dictionary<Metric, int> there = latest.ContainsKey(metric.Key)
                ? await CountAsync(store, runId, metric.Key, cancellationToken).ConfigureAwait(false)
                : [];
            foreach (Metric point in metric)
            {
                Metric stored = AsStored(point);
                if (there.TryGetValue(stored, out int copies) && copies > 0)
                    there[stored] = copies - 1;
                else
                    missing.Add(point);
            }
        }

        return missing;
    }

    /// <summary>Returns all points of a metric.</summary>
    public static Task<List<Metric>> ReadAllAsync(ITrackingStore store, string runId, string key, CancellationToken cancellationToken) =>
        PageWalker.ReadAllAsync(pageToken => store.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken));

    /// <summary>Counts how often the run has each point of a metric, in the form of <see cref="AsStored"/>.</summary>
    public static async Task<Dictionary<Metric, int>> CountAsync(
        ITrackingStore store, string runId, string key, CancellationToken cancellationToken)
    {
        var copies = new Dictionary<Metric, int>();
        foreach (Metric point in await ReadAllAsync(store, runId, key, cancellationToken).ConfigureAwait(false))
        {
            Metric stored = AsStored(point);
            copies[stored] = copies.TryGetValue(stored, out int count) ? count + 1 : 1;
        }

        return copies;
    }

    /// <summary>The point as SQL stores keep it: an infinity becomes the largest number, and all NaNs are the same.</summary>
    public static Metric AsStored(Metric point) => point with
    {
        Value = double.IsPositiveInfinity(point.Value) ? double.MaxValue : double.IsNegativeInfinity(point.Value) ? double.MinValue : point.Value,
    };
}
