using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Writes params, metrics and tags to a run of the target. Entries that the target rejects are listed; the others are still written.
/// </summary>
internal sealed class BatchCopier(ITrackingStore target, string runId, MissingList missing)
{
    private readonly HashSet<string> _refusedMetrics = new(StringComparer.Ordinal);

    /// <summary>Gets whether the target rejects all points of the metric.</summary>
    public bool Refuses(string metric) => _refusedMetrics.Contains(metric);

    /// <summary>Writes the entries that are within the target's limits. Returns the number of points written.</summary>
    public async Task<int> WriteAsync(RunData data, CancellationToken cancellationToken)
    {
        StoreLimits limits = target.Limits;
        var allowed = new RunData
        {
            Params = [.. data.Params.Where(param => IsAllowed("Param", param.Key, WhyTooLong(param.Value, limits.ParamValue)))],
            Metrics = [.. data.Metrics.Where(point => !Refuses(point.Key) && IsAllowedMetric(point.Key))],
            Tags = [.. data.Tags.Where(tag => IsAllowed("Tag", tag.Key, WhyTooLong(tag.Value, limits.TagValue)))],
        };
        int points = 0;
        foreach (RunData batch in RunDataBatches.Split(allowed, limits))
            points += await TryAsync(batch, cancellationToken).ConfigureAwait(false);
        return points;

        static string? WhyTooLong(string value, int allowed) =>
            value.Length > allowed ? $"it has {value.Length} characters, {allowed} are allowed" : null;
    }

    private bool IsAllowedMetric(string key)
    {
        if (IsAllowed("Metric", key, null))
            return true;
        _refusedMetrics.Add(key);
        return false;
    }

    private bool IsAllowed(string kind, string key, string? whyNot)
    {
        whyNot = target.Limits.WhyInvalidKey(key) ?? whyNot;
        if (whyNot is not null)
            missing.Add(kind, key, $"{target.TrackingUri} does not accept it: {whyNot}.");
        return whyNot is null;
    }

    private async Task<int> TryAsync(RunData batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
            return 0;
        try
        {
            await target.LogBatchAsync(runId, batch, cancellationToken).ConfigureAwait(false);
            return batch.Metrics.Count;
        }
        catch (MlflowException e) when (IsRefusal(e))
        {
            if (batch.Count == 1)
            {
                Refuse(batch, e);
                return 0;
            }

            int points = 0;
            foreach (RunData half in Halves(batch))
                points += await TryAsync(
                    half with { Metrics = [.. half.Metrics.Where(point => !Refuses(point.Key))] }, cancellationToken).ConfigureAwait(false);
            return points;
        }
        catch (MlflowException e) when (!e.EndsOperation() && e.StatusCode == 500)
        {
            // All retries failed. Searching for the bad entry would take just as long for each half.
            foreach (RunData entry in Halves(batch, 1))
                Refuse(entry, e);
            return 0;
        }
    }

    private void Refuse(RunData entry, MlflowException e)
    {
        foreach (Param param in entry.Params)
            missing.Add("Param", param.Key, e);
        foreach (Tag tag in entry.Tags)
            missing.Add("Tag", tag.Key, e);
        foreach (Metric point in entry.Metrics.Where(point => _refusedMetrics.Add(point.Key)))
            missing.Add("Metric", point.Key, e);
    }

    private static bool IsRefusal(MlflowException e) =>
        !e.EndsOperation() && (e.Kind is ErrorKind.InvalidValue or ErrorKind.ParameterConflict or ErrorKind.PermissionDenied
            || e.StatusCode is 400 or 413 or 422);

    private static IEnumerable<RunData> Halves(RunData batch) => Halves(batch, (batch.Count + 1) / 2);

    private static IEnumerable<RunData> Halves(RunData batch, int size)
    {
        for (int start = 0; start < batch.Count; start += size)
        {
            yield return new RunData
            {
                Params = Part(batch.Params, start, size),
                Metrics = Part(batch.Metrics, start - batch.Params.Count, size),
                Tags = Part(batch.Tags, start - batch.Params.Count - batch.Metrics.Count, size),
            };
        }
    }

    private static T[] Part<T>(IReadOnlyList<T> all, int start, int count)
    {
        int from = Math.Min(Math.Max(start, 0), all.Count), to = Math.Min(Math.Max(start + count, 0), all.Count);
        return [.. all.Skip(from).Take(to - from)];
    }
}
