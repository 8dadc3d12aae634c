using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Writes and reads params, metrics and tags of runs on a server.</summary>
/// <param name="store">The store that this is part of. It is used to read what a run already has.</param>
/// <param name="api">The server.</param>
/// <param name="trackingUri">Its address.</param>
internal sealed class RestRunData(ITrackingStore store, RestApi api, string trackingUri)
{
    private const int HistoryPage = 10_000;

    /// <inheritdoc cref="ITrackingStore.LogBatchAsync"/>
    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            // Params and tags are harmless to repeat. Points are not: a server over a directory store keeps both copies.
            RunData missing = retries == 0 || batch.Metrics.Count == 0
                ? batch
                : batch with { Metrics = await MetricHistory.MissingAsync(store, runId, batch.Metrics, cancellationToken).ConfigureAwait(false) };
            return await api.PostOnceAsync(
                "runs/log-batch",
                body =>
                {
                    body.WriteString("run_id", runId);
                    RestEntities.WriteData(body, missing);
                },
                ErrorKind.RunNotFound,
                cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <inheritdoc cref="ITrackingStore.LogInputsAsync"/>
    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) => inputs.Count == 0
        ? Task.CompletedTask
        : api.PostAsync(
            "runs/log-inputs",
            body =>
            {
                body.WriteString("run_id", runId);
                RestEntities.WriteInputs(body, inputs);
            },
            ErrorKind.RunNotFound,
            cancellationToken);

    /// <inheritdoc cref="ITrackingStore.GetMetricHistoryAsync"/>
    public async Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken)
    {
        // Without max_results, MLflow 3.11 returns no points and a page token that leads back to itself.
        JsonElement response = await api.GetAsync(
            "metrics/get-history",
            ErrorKind.RunNotFound,
            cancellationToken,
            ("run_id", runId),
            ("metric_key", key),
            ("max_results", HistoryPage.ToString(CultureInfo.InvariantCulture)),
            ("page_token", pageToken)).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadPage(json, "metrics", pageToken, RestEntities.ReadMetric));
    }

    /// <inheritdoc cref="ITrackingStore.DeleteTagAsync"/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return await api.PostOnceAsync(
                    "runs/delete-tag",
                    body =>
                    {
                        body.WriteString("run_id", runId);
                        body.WriteString("key", key);
                    },
                    ErrorKind.RunNotFound,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.RunNotFound)
            {
                // The error code is the same for a missing tag. This call throws if the run is missing.
                await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
                if (retries > 0)
                    return default; // removed by the request whose response was lost
                throw e.Rewrap($"Run {runId} has no tag '{key}', so there is nothing to remove.", ErrorKind.InvalidValue, key);
            }
        },
        cancellationToken);
}
