using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Copies the histories of a run's metrics, page by page. If the target already has a metric, only its missing points are written.
/// </summary>
internal sealed class MetricCopier(ITrackingStore source, ITrackingStore target, MissingList missing)
{
    /// <summary>Copies the histories. Returns the number of points written.</summary>
    /// <param name="run">The run in the source.</param>
    /// <param name="there">The run in the target.</param>
    /// <param name="batches">Writes to the target's run.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    public async Task<int> CopyAsync(Run run, Run there, BatchCopier batches, CancellationToken cancellationToken)
    {
        int sent = 0;
        List<Metric> pending = [];
        foreach (string key in run.Metrics.Keys)
            await missing.TryAsync("Metric", key, () => CopyKeyAsync(key)).ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
        return sent;

        async Task CopyKeyAsync(string key)
        {
            Dictionary<Metric, int>? stored = there.Metrics.ContainsKey(key)
                ? await MetricHistory.CountAsync(target, there.RunId, key, cancellationToken).ConfigureAwait(false)
                : null;
            var pages = new PageWalker();
            string? token = null;
            do
            {
                Page<Metric> page = await MetricHistory.ToCopyAsync(source, run.RunId, key, token, cancellationToken).ConfigureAwait(false);
                foreach (Metric point in page.Items)
                {
                    if (stored is not null && Takes(stored, MetricHistory.AsStored(point)))
                        continue;
                    pending.Add(point);
                    if (pending.Count >= target.Limits.BatchMetrics)
                        await FlushAsync().ConfigureAwait(false);
                }

                token = batches.Refuses(key) ? null : pages.After(page);
            }
            while (token is not null);
        }

        async Task FlushAsync()
        {
            Metric[] batch = [.. pending];
            pending.Clear();
            try
            {
                sent += await batches.WriteAsync(new RunData { Metrics = batch }, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (MissingList.ConcernsOneStep(e))
            {
                // Some points may have been written. The next copy compares them.
                foreach (string key in batch.Select(point => point.Key).Distinct())
                    missing.Add("Metric", key, e);
            }
        }
    }

    private static bool Takes(Dictionary<Metric, int> stored, Metric point)
    {
        if (!stored.TryGetValue(point, out int copies) || copies == 0)
            return false;
        stored[point] = copies - 1;
        return true;
    }
}
