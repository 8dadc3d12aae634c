using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The logged models of an MLflow 3 server (<c>logged-models/</c>).</summary>
/// <param name="store">The store on the server. It is used to read what a run already has.</param>
internal sealed class RestLoggedModels(RestStore store) : ILoggedModelWriter
{
    // The same as in MLflow's client: a proxy or Databricks may refuse more at once.
    private const int ParamBatch = 100;

    private readonly RestApi _api = store.Api;
    private readonly string _trackingUri = store.TrackingUri;

    /// <inheritdoc/>
    public async Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken)
    {
        JsonElement response = await AskAsync(
            () => _api.GetAsync(Address(modelId), ErrorKind.ModelNotFound, cancellationToken)).ConfigureAwait(false);
        return JsonFields.Read(response, _trackingUri, json => RegistryEntities.ReadLogged(json.Part("model"), _trackingUri));
    }

    /// <inheritdoc/>
    public async Task<Page<LoggedModel>> SearchAsync(IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement response = await AskAsync(() => _api.PostAsync(
            "logged-models/search",
            body =>
            {
                RestEntities.WriteStrings(body, "experiment_ids", experimentIds);
                if (SearchText.NullIfEmpty(filter) is { } text)
                    body.WriteString("filter", text);
                body.WriteNumber("max_results", maxResults);
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ModelNotFound,
            cancellationToken)).ConfigureAwait(false);
        return JsonFields.Read(response, _trackingUri, json => RestEntities.ReadPage(
            json, "models", pageToken, model => RegistryEntities.ReadLogged(model, _trackingUri)));
    }

    /// <inheritdoc/>
    public async Task<LoggedModel> CreateAsync(NewLoggedModel model, CancellationToken cancellationToken)
    {
        string request = Guid.NewGuid().ToString("N");
        LoggedModel created = await _api.Retrier.RunAsync(
            async retries =>
            {
                LoggedModel? made = retries == 0
                    ? null
                    : await FindByRequestAsync(model.ExperimentId, request, cancellationToken).ConfigureAwait(false);
                if (made is not null)
                    return made;
                JsonElement response = await AskAsync(() => _api.PostOnceAsync(
                    "logged-models",
                    body =>
                    {
                        RegistryEntities.Fields(
                            ("experiment_id", model.ExperimentId),
                            ("name", model.Name),
                            ("source_run_id", model.RunId),
                            ("model_type", model.ModelType))(body);
                        WriteParams(body, [.. model.Params.Take(ParamBatch)]);
                        RestEntities.WriteTags(body, [.. model.Tags, new Tag(RestStore.IdempotencyKeyTag, request)]);
                    },
                    ErrorKind.ExperimentNotFound,
                    cancellationToken)).ConfigureAwait(false);
                return JsonFields.Read(response, _trackingUri, json => RegistryEntities.ReadLogged(json.Part("model"), _trackingUri));
            },
            cancellationToken).ConfigureAwait(false);
        await LogParamsAsync(created.ModelId, [.. model.Params.Skip(ParamBatch)], cancellationToken).ConfigureAwait(false);
        return created;
    }

    /// <inheritdoc/>
    public Task SetTagsAsync(string modelId, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => tags.Count == 0
        ? Task.CompletedTask
        : AskAsync(() => _api.PatchAsync($"{Address(modelId)}/tags", Body(modelId, body => RestEntities.WriteTags(body, tags)),
            ErrorKind.ModelNotFound, cancellationToken));

    /// <inheritdoc/>
    public async Task LogParamsAsync(string modelId, IReadOnlyList<Param> values, CancellationToken cancellationToken)
    {
        for (int start = 0; start < values.Count; start += ParamBatch)
        {
            Param[] batch = [.. values.Skip(start).Take(ParamBatch)];
            // If a param already exists, the server refuses all params of the request.
            await _api.Retrier.ChangeAsync(
                () => AskAsync(() => _api.PostOnceAsync($"{Address(modelId)}/params", Body(modelId, body => WriteParams(body, batch)),
                    ErrorKind.ModelNotFound, cancellationToken)),
                async () =>
                {
                    LoggedModel there = await GetAsync(modelId, cancellationToken).ConfigureAwait(false);
                    return batch.All(param => there.Params.ContainsKey(param.Key));
                },
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task LogMetricsAsync(string modelId, IReadOnlyList<LoggedModelMetric> points, CancellationToken cancellationToken)
    {
        int size = store.Limits.BatchMetrics;
        foreach (IGrouping<string, LoggedModelMetric> run in points.GroupBy(point => point.RunId, StringComparer.Ordinal))
        {
            for (int start = 0; start < run.Count(); start += size)
            {
                LoggedModelMetric[] batch = [.. run.Skip(start).Take(size)];
                await _api.PostAsync(
                    "runs/log-batch", body => WritePoints(body, run.Key, modelId, batch), ErrorKind.RunNotFound, cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public Task FinalizeAsync(string modelId, string status, CancellationToken cancellationToken) => AskAsync(() => _api.PatchAsync(
        Address(modelId),
        Body(modelId, body => body.WriteString("status", RegistryEntities.StatusPrefix + status)),
        ErrorKind.ModelNotFound,
        cancellationToken));

    /// <inheritdoc/>
    public async Task LinkAsync(string runId, ModelLinks links, CancellationToken cancellationToken)
    {
        if (links.Inputs.Count > 0)
        {
            await AskAsync(() => _api.PostAsync(
                "runs/log-inputs",
                body =>
                {
                    body.WriteString("run_id", runId);
                    WriteModels(body, links.Inputs, (_, _) => { }, model => model);
                },
                ErrorKind.RunNotFound,
                cancellationToken)).ConfigureAwait(false);
        }

        if (links.Outputs.Count == 0)
            return;
        await _api.Retrier.ChangeAsync(
            () => AskAsync(() => _api.PostOnceAsync(
                "runs/outputs",
                body =>
                {
                    body.WriteString("run_id", runId);
                    WriteModels(body, links.Outputs, (writer, model) => writer.WriteNumber("step", model.Step), model => model.ModelId);
                },
                ErrorKind.RunNotFound,
                cancellationToken)),
            async () =>
            {
                Run run = await store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
                return links.Outputs.All(model => run.Models.Outputs.Any(there => there.ModelId == model.ModelId));
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<LoggedModel?> FindByRequestAsync(string experimentId, string request, CancellationToken cancellationToken)
    {
        string filter = $"tags.`{RestStore.IdempotencyKeyTag}` = '{request}'";
        return (await SearchAsync([experimentId], filter, 1, null, cancellationToken).ConfigureAwait(false)).Items.FirstOrDefault();
    }

    private static string Address(string modelId) => $"logged-models/{Uri.EscapeDataString(modelId)}";

    private static Action<Utf8JsonWriter> Body(string modelId, Action<Utf8JsonWriter> more) => body =>
    {
        body.WriteString("model_id", modelId);
        more(body);
    };

    private static void WriteParams(Utf8JsonWriter body, IReadOnlyList<Param> values)
    {
        body.WriteStartArray("params");
        foreach (Param param in values)
            RestEntities.WritePair(body, param.Key, param.Value);
        body.WriteEndArray();
    }

    private static void WritePoints(Utf8JsonWriter body, string runId, string modelId, IReadOnlyList<LoggedModelMetric> points)
    {
        body.WriteString("run_id", runId);
        body.WriteStartArray("metrics");
        foreach (LoggedModelMetric point in points)
        {
            body.WriteStartObject();
            body.WriteString("key", point.Key);
            RestEntities.WriteNumber(body, "value", point.Value);
            body.WriteNumber("timestamp", point.Timestamp);
            body.WriteNumber("step", point.Step);
            RegistryEntities.Fields(
                ("model_id", modelId),
                ("run_id", runId),
                ("dataset_name", point.DatasetName),
                ("dataset_digest", point.DatasetDigest))(body);
            body.WriteEndObject();
        }

        body.WriteEndArray();
    }

    private static void WriteModels<T>(Utf8JsonWriter body, IEnumerable<T> models, Action<Utf8JsonWriter, T> writeMore, Func<T, string> id)
    {
        body.WriteStartArray("models");
        foreach (T model in models)
        {
            body.WriteStartObject();
            body.WriteString("model_id", id(model));
            writeMore(body, model);
            body.WriteEndObject();
        }

        body.WriteEndArray();
    }

    private async Task<JsonElement> AskAsync(Func<Task<JsonElement>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (MlflowException e) when ((e.StatusCode == 404 && e.ErrorCode is null) || e.ErrorCode == "ENDPOINT_NOT_FOUND")
        {
            throw e.Rewrap(
                $"{_trackingUri} does not support logged models, which MLflow 3.0 introduced. On older servers, models are artifacts "
                    + "of runs and versions of registered models.",
                ErrorKind.NotSupported,
                _trackingUri);
        }
    }
}
