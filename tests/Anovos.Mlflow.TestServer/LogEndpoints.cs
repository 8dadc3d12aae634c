using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints that write to a run, and a metric's history.</summary>
internal sealed class LogEndpoints(TrackingState state)
{
    private const int ParamLimit = 6000;
    private const int TagLimit = 8000;

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var run = FieldRule.Text("run_id", isRequired: true);
        var key = FieldRule.Text("key", isRequired: true);
        table["runs/log-metric"] = new("POST", LogMetric, key, FieldRule.Number("value", isRequired: true),
            FieldRule.Integer("timestamp", isRequired: true), FieldRule.Integer("step"))
        { IsMetric = true };
        table["runs/log-parameter"] = new("POST", LogParam, key, FieldRule.Text("value"));
        table["runs/set-tag"] = new("POST", SetTag, key, FieldRule.Text("value"));
        table["runs/delete-tag"] = new("POST", DeleteTag, run, key);
        table["runs/log-batch"] = new("POST", LogBatch, run, FieldRule.Each("metrics", "key"), FieldRule.Each("metrics", "value"),
            FieldRule.Each("metrics", "timestamp"), FieldRule.Each("params", "key"), FieldRule.Each("tags", "key"));
        table["runs/log-inputs"] = new("POST", LogInputs, run);
        if (state.Version >= MlflowVersion.V3_11)
            table["runs/outputs"] = new("POST", LogOutputs, run, new FieldRule("models", IsRequired: true));
        table["metrics/get-history"] = new("GET", History, run, FieldRule.Text("metric_key", isRequired: true));
    }

    private object LogMetric(Message request)
    {
        LogRules.CheckKey(request.Text("key"), "Metric name", "name");
        state.ActiveRun(RunJson.IdIn(request)).Add(Metric(request));
        return Answers.Empty;
    }

    private object LogParam(Message request)
    {
        string key = request.Text("key");
        string value = Cut(request.Text("value"), ParamLimit);
        LogRules.CheckKey(key, "Param key", "key");
        var run = state.ActiveRun(RunJson.IdIn(request));
        if (run.ParamValues.TryGetValue(key, out string? old) && old != value)
        {
            throw ApiException.Invalid($"Changing param values is not allowed. Param with key='{key}' was already logged with "
                + $"value='{old}' for run ID='{run.RunId}'. Attempted logging new value '{value}'.");
        }

        run.ParamValues[key] = value;
        return Answers.Empty;
    }

    private object SetTag(Message request)
    {
        LogRules.CheckKey(request.Text("key"), "Tag key", "key");
        state.ActiveRun(RunJson.IdIn(request)).SetTag(request.Text("key"), Cut(request.Text("value"), TagLimit));
        return Answers.Empty;
    }

    private object DeleteTag(Message request)
    {
        var run = state.ActiveRun(request.Text("run_id"));
        if (!run.TagValues.Remove(request.Text("key")))
            throw ApiException.NotFound($"No tag with name: {request.Text("key")} in run with id {run.RunId}");
        return Answers.Empty;
    }

    private object LogBatch(Message request)
    {
        var (metrics, parameters, tags) = (request.Messages("metrics"), request.Messages("params"), request.Messages("tags"));
        LogRules.CheckCount("metrics", metrics.Count, 1000);
        LogRules.CheckCount("params", parameters.Count, 100);
        LogRules.CheckCount("tags", tags.Count, 100);
        LogRules.CheckCount("metrics, params, and tags", metrics.Count + parameters.Count + tags.Count, 1000);
        LogRules.CheckKeys(metrics, "Metric name", "metrics", "name");
        LogRules.CheckKeys(parameters, "Param key", "params", "key");
        LogRules.CheckKeys(tags, "Tag key", "tags", "key");
        var twice = parameters.GroupBy(param => param.Text("key")).Where(group => group.Count() > 1).Select(group => $"'{group.Key}'").ToList();
        if (twice.Count > 0)
        {
            throw ApiException.Invalid($"Duplicate parameter keys have been submitted: [{string.Join(", ", twice)}]. "
                + "Please ensure the request contains only one param value per param key.");
        }

        // With a database, a batch is all or nothing.
        var run = state.ActiveRun(request.Text("run_id"));
        var values = parameters.ToDictionary(param => param.Text("key"), param => Cut(param.Text("value"), ParamLimit));
        var changed = values.Where(pair => run.ParamValues.TryGetValue(pair.Key, out string? old) && old != pair.Value)
            .Select(pair => $"{{'key': '{pair.Key}', 'old_value': '{run.ParamValues[pair.Key]}', 'new_value': '{pair.Value}'}}").ToList();
        if (changed.Count > 0)
        {
            throw ApiException.Invalid("Changing param values is not allowed. Params were already "
                + $"logged='[{string.Join(", ", changed)}]' for run ID='{run.RunId}'.");
        }

        foreach (var (key, value) in values)
            run.ParamValues[key] = value;
        foreach (var metric in metrics)
        {
            run.Add(Metric(metric));
            if (state.Version >= MlflowVersion.V3_11 && metric.Text("model_id") is { Length: > 0 } model)
                AddToModel(run, metric, model);
        }

        foreach (var tag in tags)
            run.SetTag(tag.Text("key"), Cut(tag.Text("value"), TagLimit));
        return Answers.Empty;
    }

    private object LogInputs(Message request)
    {
        StoredRun run = state.ActiveRun(request.Text("run_id"));
        run.InputBodies.Add(request.Json.GetRawText());
        if (request.Json.TryGetProperty("datasets", out JsonElement datasets))
        {
            foreach (JsonElement input in datasets.EnumerateArray())
            {
                JsonElement dataset = input.GetProperty("dataset");
                run.DatasetInputs.TryAdd((dataset.GetProperty("name").GetString()!, dataset.GetProperty("digest").GetString()!), input.Clone());
            }
        }

        // 2.17 ignores a field that it does not know.
        if (state.Version >= MlflowVersion.V3_11)
        {
            IEnumerable<string> models = request.Messages("models").Select(model => model.Text("model_id"));
            run.ModelInputs.AddRange(models.Where(id => !run.ModelInputs.Contains(id)).ToList());
        }

        return Answers.Empty;
    }

    private object LogOutputs(Message request)
    {
        StoredRun run = state.ActiveRun(request.Text("run_id"));
        if (request.Messages("models").FirstOrDefault(model => run.ModelOutputs.ContainsKey(model.Text("model_id"))) is not null)
            throw ApiException.Database("UNIQUE constraint failed: inputs.source_type, inputs.source_id, inputs.destination_type");
        foreach (Message model in request.Messages("models"))
            run.ModelOutputs[model.Text("model_id")] = model.Integer("step");
        return Answers.Empty;
    }

    // A database keeps the first of two points that differ only in value, and stores NaN as 0.
    private void AddToModel(StoredRun run, Message metric, string modelId)
    {
        if (!state.LoggedModels.TryGetValue(modelId, out StoredLoggedModel? model))
            throw ApiException.Database("FOREIGN KEY constraint failed");
        StoredMetric point = Metric(metric);
        point = point with { Value = double.IsNaN(point.Value) ? 0 : point.Value };
        model.Metrics.TryAdd(
            (point.Key, point.Timestamp, point.Step, run.RunId),
            new StoredModelMetric(point, run.RunId, metric.Text("dataset_name"), metric.Text("dataset_digest")));
    }

    private object History(Message request)
    {
        string key = request.Text("metric_key");
        var points = state.Run(request.Text("run_id")).Metrics.Where(metric => metric.Key == key)
            .OrderBy(metric => metric.Timestamp).ThenBy(metric => metric.Step).ToList();

        // 2.17 does not page on a database. 3.11 without max_results returns no points and a token that points to itself.
        int defaultSize = state.Version == MlflowVersion.V3_11 ? 0 : points.Count;
        var (items, next) = state.Version == MlflowVersion.V2_17 ? (points, null) : Paging.Cut(points, request, defaultSize);
        return points.Count == 0
            ? Answers.Empty
            : new { metrics = items.Count == 0 ? null : items.Select(RunJson.Point), next_page_token = next };
    }

    private static StoredMetric Metric(Message message) =>
        new(message.Text("key"), message.Number("value"), message.Integer("timestamp"), message.Integer("step"));

    private static string Cut(string value, int limit) => value.Length > limit ? value[..limit] : value;
}
