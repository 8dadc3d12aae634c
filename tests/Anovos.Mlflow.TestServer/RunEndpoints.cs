namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints that create, find and change runs.</summary>
internal sealed class RunEndpoints(TrackingState state, TrackingServerOptions options)
{
    private static readonly string[] Adjectives = ["brisk", "calm", "eager", "lucid", "mellow", "quiet", "sturdy", "vivid"];
    private static readonly string[] Nouns = ["badger", "falcon", "heron", "lynx", "otter", "perch", "stoat", "wren"];

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        table["runs/create"] = new("POST", Create, FieldRule.Text("experiment_id"), FieldRule.Integer("start_time"), FieldRule.Text("run_name"));
        table["runs/get"] = new("GET", Get);
        table["runs/update"] = new("POST", Update);
        table["runs/search"] = new("POST", Search, FieldRule.Integer("max_results", most: 50_000)) { Changes = false };
        table["runs/delete"] = new("POST", request => Move(request, "deleted"), FieldRule.Text("run_id", isRequired: true));
        table["runs/restore"] = new("POST", request => Move(request, "active"), FieldRule.Text("run_id", isRequired: true));
    }

    private object Create(Message request)
    {
        string experimentId = request.Text("experiment_id");
        if (experimentId.Length == 0)
        {
            throw new ApiException("BAD_REQUEST", "(sqlite3.IntegrityError) FOREIGN KEY constraint failed\n"
                + "[SQL: INSERT INTO runs (experiment_id) VALUES (?)]");
        }

        var experiment = state.ActiveExperiment(experimentId);
        string? tagName = request.Messages("tags").LastOrDefault(tag => tag.Text("key") == "mlflow.runName")?.Text("value");
        string runName = request.Text("run_name");
        if (runName.Length > 0 && tagName is { Length: > 0 } && tagName != runName)
        {
            throw ApiException.Invalid("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
                + $"(run_name='{runName}', mlflow.runName='{tagName}').");
        }

        string id = options.NewRunId();
        var run = state.Runs[id] = new StoredRun
        {
            RunId = id,
            KeepsRepeatedPoints = options.KeepsRepeatedPoints,
            ExperimentId = experimentId,
            ArtifactUri = $"{experiment.ArtifactLocation.TrimEnd('/')}/{id}/artifacts",
            UserId = request.Text("user_id"),
            StartTime = request.Integer("start_time"),
        };
        foreach (var tag in request.Messages("tags"))
            run.SetTag(tag.Text("key"), tag.Text("value"));
        if (run.RunName.Length == 0)
            run.SetTag("mlflow.runName", runName.Length > 0 ? runName : RandomName());
        return new { run = RunJson.Whole(run, withInputs: state.Version >= MlflowVersion.V3_11) };
    }

    private object Get(Message request) => new { run = Read(state.Run(RunJson.IdIn(request))) };

    private object Update(Message request)
    {
        var run = state.ActiveRun(RunJson.IdIn(request));
        if (request.Has("status"))
            run.Status = request.Text("status");
        if (request.Has("end_time"))
            run.EndTime = request.Integer("end_time");
        if (request.Text("run_name").Length > 0)
            run.SetTag("mlflow.runName", request.Text("run_name"));
        return new { run_info = RunJson.Info(run) };
    }

    private object Search(Message request)
    {
        var matches = SearchFilter.Parse(request.Text("filter"));
        var experiments = request.Texts("experiment_ids").ToHashSet();
        var found = state.Runs.Values.Where(run => experiments.Contains(run.ExperimentId)
            && ExperimentEndpoints.IsIn(request.Text("run_view_type"), run.LifecycleStage) && matches(Reader(run)));
        var ordered = SearchFilter.Order(found, request.Texts("order_by"), Reader)
            .ThenByDescending(run => run.StartTime).ThenBy(run => run.RunId, StringComparer.Ordinal);
        var (items, next) = Paging.Cut(ordered, request, 1000);
        return items.Count == 0 ? Answers.Empty : new { runs = items.Select(Read), next_page_token = next };
    }

    private object Move(Message request, string stage)
    {
        state.Run(request.Text("run_id")).LifecycleStage = stage;
        return Answers.Empty;
    }

    private static FieldReader Reader(StoredRun run) => (kind, key) => kind switch
    {
        "metric" => run.LatestMetrics.TryGetValue(key, out var metric) ? metric.Value : null,
        "param" => run.Params.GetValueOrDefault(key),
        "tag" => run.Tags.GetValueOrDefault(key),
        _ => key.ToUpperInvariant() switch
        {
            "RUN_ID" => run.RunId,
            "RUN_NAME" or "RUN NAME" => run.RunName,
            "STATUS" => run.Status,
            "USER_ID" => run.UserId,
            "ARTIFACT_URI" => run.ArtifactUri,
            "START_TIME" or "CREATED" => (double)run.StartTime,
            "END_TIME" => (double?)run.EndTime,
            _ => throw ApiException.Invalid($"Invalid attribute key '{key}' specified."),
        },
    };

    private object Read(StoredRun run) => RunJson.Whole(run, withInputs: true, withOutputs: state.Version >= MlflowVersion.V3_11);

    private static string RandomName() =>
        $"{Adjectives[Random.Shared.Next(Adjectives.Length)]}-{Nouns[Random.Shared.Next(Nouns.Length)]}-{Random.Shared.Next(1000)}";
}
