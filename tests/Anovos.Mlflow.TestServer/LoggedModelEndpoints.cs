namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of MLflow 3's logged models.</summary>
internal sealed class LoggedModelEndpoints(TrackingState state)
{
    private const string Prefix = "logged-models/";

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        table["logged-models"] = new("POST", Create, FieldRule.Text("experiment_id", isRequired: true));
        table[Prefix + "search"] = new("POST", Search) { Changes = false };
    }

    /// <summary>Returns the endpoint of a model whose id is in the path.</summary>
    public Endpoint? Find(string path)
    {
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            return null;
        string[] parts = path[Prefix.Length..].Split('/');
        string id = Uri.UnescapeDataString(parts[0]);
        FieldRule named = FieldRule.Text("model_id", isRequired: true);
        return parts switch
        {
            [_] => new Endpoint("GET|PATCH", request => request.Method == "PATCH" ? Finalize(id, request) : Get(id)),
            [_, "tags"] => new Endpoint("PATCH", request => SetTags(id, request), named),
            [_, "params"] => new Endpoint("POST", request => LogParams(id, request), named) { Changes = false },
            _ => null,
        };
    }

    private object Create(Message request)
    {
        var experiment = state.ActiveExperiment(request.Text("experiment_id"));
        string id = $"m-{Guid.NewGuid():N}", location = experiment.ArtifactLocation.TrimEnd('/');
        string folder = location.StartsWith(DatabricksWorkspace.ArtifactRoot, StringComparison.Ordinal) ? "logged_models" : "models";
        var model = state.LoggedModels[id] = new StoredLoggedModel(
            id,
            experiment.ExperimentId,
            request.Text("name"),
            request.Text("source_run_id"),
            request.Text("model_type"),
            $"{location}/{folder}/{id}/artifacts");
        foreach (var tag in request.Messages("tags"))
            model.Tags[tag.Text("key")] = tag.Text("value");
        foreach (var param in request.Messages("params"))
            model.Params[param.Text("key")] = param.Text("value");
        return new { model = Fields(model) };
    }

    private object Get(string id) => new { model = Fields(Model(id)) };

    private StoredLoggedModel Model(string id) =>
        state.LoggedModels.GetValueOrDefault(id) ?? throw ApiException.NotFound($"Logged model with ID '{id}' not found.");

    private object Finalize(string id, Message request)
    {
        FieldRule.Text("model_id", isRequired: true).Check(request.Json);
        if (!request.Json.TryGetProperty("status", out var status))
            throw ApiException.Missing("status");
        var model = Model(id);
        model.Status = status.GetString()!;
        return new { model = Fields(model) };
    }

    private object SetTags(string id, Message request)
    {
        var model = Model(id);
        foreach (var tag in request.Messages("tags"))
            model.Tags[tag.Text("key")] = tag.Text("value");
        return Answers.Empty;
    }

    private object LogParams(string id, Message request)
    {
        var model = Model(id);
        if (request.Messages("params").Any(param => model.Params.ContainsKey(param.Text("key"))))
            throw ApiException.Database("UNIQUE constraint failed: logged_model_params.model_id, logged_model_params.param_key");
        foreach (var param in request.Messages("params"))
            model.Params[param.Text("key")] = param.Text("value");
        return Answers.Empty;
    }

    private object Search(Message request)
    {
        var experiments = request.Texts("experiment_ids").ToHashSet();
        var matches = SearchFilter.Parse(request.Text("filter"));
        var found = state.LoggedModels.Values.Reverse().Where(model => experiments.Contains(model.ExperimentId) && matches(Reader(model)));
        var (items, next) = Paging.Cut(found, request, 50);
        return items.Count == 0 ? Answers.Empty : new { models = items.Select(Fields), next_page_token = next };
    }

    private static FieldReader Reader(StoredLoggedModel model) => (kind, key) => (kind, key) switch
    {
        ("tag", _) => model.Tags.GetValueOrDefault(key),
        ("param", _) => model.Params.GetValueOrDefault(key),
        (_, "name") => model.Name,
        (_, "model_id") => model.ModelId,
        (_, "source_run_id") => model.RunId,
        _ => throw ApiException.Invalid($"Invalid attribute key '{key}' specified."),
    };

    private static object Fields(StoredLoggedModel model) => new
    {
        info = new
        {
            model_id = model.ModelId,
            experiment_id = model.ExperimentId,
            name = model.Name,
            creation_timestamp_ms = 1_700_000_000_000,
            last_updated_timestamp_ms = 1_700_000_000_000,
            artifact_uri = model.ArtifactUri,
            status = model.Status,
            model_type = model.ModelType,
            source_run_id = model.RunId,
            tags = RunJson.Pairs(model.Tags),
        },
        data = new
        {
            @params = RunJson.Pairs(model.Params),
            metrics = model.Metrics.Count == 0 ? null : model.Metrics.Values.Select(metric => new
            {
                key = metric.Point.Key,
                value = metric.Point.Value,
                timestamp = metric.Point.Timestamp,
                step = metric.Point.Step,
                dataset_name = metric.DatasetName.Length == 0 ? null : metric.DatasetName,
                dataset_digest = metric.DatasetDigest.Length == 0 ? null : metric.DatasetDigest,
                model_id = model.ModelId,
                run_id = metric.RunId,
            }),
        },
    };
}
