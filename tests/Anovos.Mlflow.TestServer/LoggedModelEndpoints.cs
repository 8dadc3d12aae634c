namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of logged models, which MLflow 3 has.</summary>
internal sealed class LoggedModelEndpoints(TrackingState state)
{
    private const string Prefix = "logged-models/";

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        table["logged-models"] = new("POST", Create, FieldRule.Text("experiment_id", isRequired: true));
        table[Prefix + "search"] = new("POST", Search) { Changes = false };
    }

    /// <summary>The endpoint of one model, whose id is in the path.</summary>
    public Endpoint? Find(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && path.IndexOf('/', Prefix.Length) < 0
        ? new Endpoint("GET", _ => Get(Uri.UnescapeDataString(path[Prefix.Length..])))
        : null;

    private object Create(Message request)
    {
        var experiment = state.ActiveExperiment(request.Text("experiment_id"));
        string id = $"m-{Guid.NewGuid():N}";
        var model = state.LoggedModels[id] = new StoredLoggedModel(
            id, experiment.ExperimentId, request.Text("name"), request.Text("source_run_id"), request.Text("model_type"), $"{experiment.ArtifactLocation.TrimEnd('/')}/models/{id}/artifacts");
        foreach (var tag in request.Messages("tags"))
            model.Tags[tag.Text("key")] = tag.Text("value");
        foreach (var param in request.Messages("params"))
            model.Params[param.Text("key")] = param.Text("value");
        return new { model = Fields(model) };
    }

    private object Get(string id) =>
        new { model = Fields(state.LoggedModels.GetValueOrDefault(id) ?? throw ApiException.NotFound($"Logged model with ID '{id}' not found.")) };

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
            status = "LOGGED_MODEL_READY",
            model_type = model.ModelType,
            source_run_id = model.RunId,
            tags = RunJson.Pairs(model.Tags),
        },
        data = new { @params = RunJson.Pairs(model.Params) },
    };
}
