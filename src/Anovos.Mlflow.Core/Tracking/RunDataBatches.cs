namespace Anovos.Mlflow.Tracking;

/// <summary>Cuts run data into the batches that MLflow's API takes.</summary>
public static class RunDataBatches
{
    // {"key":"","value":…,"timestamp":…,"step":…}, with the 24, 20 and 20 characters of the longest numbers.
    private const int OverheadBytes = 110;

    // {"run_id":"…","params":[],"metrics":[],"tags":[]} with the longest run id.
    private const int EnvelopeBytes = 400;

    /// <summary>Writes all of the data to a run, batch after batch.</summary>
    public static async Task WriteAsync(this ITrackingStore store, string runId, RunData data, CancellationToken cancellationToken)
    {
        foreach (RunData batch in Split(data, store.Limits))
            await store.LogBatchAsync(runId, batch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The data in batches within the limits, in order: params, metrics, tags.</summary>
    /// <remarks>A param that stands there twice with one value is sent once: the API refuses the repetition.</remarks>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ParameterConflict"/> when a param stands there twice with two values.</exception>
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

        /// <summary>Whether one more goes in, and counts its bytes if so; else the next batch begins with it.</summary>
        public bool Fits(bool kindHasRoom, string key, string value)
        {
            // A JSON writer escapes what is not ASCII as \uXXXX: six bytes a character at the most.
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
