namespace Anovos.Mlflow.Tracking;

/// <summary>Splits run data into batches that MLflow's API accepts.</summary>
public static class RunDataBatches
{
    // {"key":"","value":…,"timestamp":…,"step":…}, where the longest numbers have 24, 20 and 20 characters.
    private const int OverheadBytes = 110;

    // {"run_id":"…","params":[],"metrics":[],"tags":[]} with the longest run id.
    private const int EnvelopeBytes = 400;

    /// <summary>Writes all of the data to a run, one batch after another.</summary>
    public static async Task WriteAsync(this ITrackingStore store, string runId, RunData data, CancellationToken cancellationToken)
    {
        foreach (RunData batch in Split(data, store.Limits))
            await store.LogBatchAsync(runId, batch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Splits the data into batches within the limits, in this order: params, metrics, tags.</summary>
    /// <remarks>A param that is given twice with the same value is sent once, because the API refuses repeated params.</remarks>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ParameterConflict"/> if a param is given twice with different values.
    /// </exception>
    public static IEnumerable<RunData> Split(RunData data, StoreLimits limits)
    {
        var batch = new Batch(limits);
        foreach (Param param in Distinct(data.Params))
        {
            if (!batch.Fits(batch.Params.Count < limits.BatchParams, param.Key, param.Value))
                yield return batch.Take();
            batch.Params.Add(param);
        }

        foreach (Metric metric in data.Metrics)
        {
            if (!batch.Fits(batch.Metrics.Count < limits.BatchMetrics, metric.Key, ""))
                yield return batch.Take();
            batch.Metrics.Add(metric);
        }

        foreach (Tag tag in data.Tags)
        {
            if (!batch.Fits(batch.Tags.Count < limits.BatchTags, tag.Key, tag.Value))
                yield return batch.Take();
            batch.Tags.Add(tag);
        }

        if (batch.Count > 0)
            yield return batch.Take();
    }

    private static IEnumerable<Param> Distinct(IReadOnlyList<Param> all)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Param param in all)
        {
            if (!values.TryGetValue(param.Key, out string? earlier))
            {
                values.Add(param.Key, param.Value);
                yield return param;
            }
            else if (earlier != param.Value)
            {
                throw new MlflowException(ErrorKind.ParameterConflict, $"The param '{param.Key}' is given twice, as '{earlier}' and as '{param.Value}'. A param has one value; use a metric or a tag for a value that changes.") { Target = param.Key };
            }
        }
    }

    private sealed class Batch(StoreLimits limits)
    {
        private long _bytes;

        public List<Param> Params { get; private set; } = [];

        public List<Metric> Metrics { get; private set; } = [];

        public List<Tag> Tags { get; private set; } = [];

        public int Count => Params.Count + Metrics.Count + Tags.Count;

        /// <summary>
        /// Returns whether another item fits, and counts its bytes. If it does not fit, the count starts again with it for the next batch.
        /// </summary>
        public bool Fits(bool kindHasRoom, string key, string value)
        {
            // A JSON writer escapes characters outside ASCII as \uXXXX: at most six bytes per character.
            long bytes = OverheadBytes + EscapedBytes(key) + EscapedBytes(value);
            bool fits = kindHasRoom && Count < limits.BatchTotal
                && (Count == 0 || _bytes + bytes <= limits.BatchBytes - EnvelopeBytes);
            _bytes = fits ? _bytes + bytes : bytes;
            return fits;
        }

        public RunData Take()
        {
            var data = new RunData { Params = Params, Metrics = Metrics, Tags = Tags };
            (Params, Metrics, Tags) = ([], [], []);
            return data;
        }

        private static long EscapedBytes(string text)
        {
            long bytes = 0;
            foreach (char c in text)
                bytes += c is < ' ' or > '~' or '"' or '\\' or '<' or '>' or '&' or '\'' or '+' or '`' ? 6 : 1;
            return bytes;
        }
    }
}
