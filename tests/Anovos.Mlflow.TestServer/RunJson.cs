namespace Anovos.Mlflow.TestServer;

/// <summary>Runs as protobuf prints them. Null fields are omitted.</summary>
internal static class RunJson
{
    /// <summary>Returns a run's id from either of MLflow's names for it.</summary>
    public static string IdIn(Message request)
    {
        string id = request.Has("run_id") ? request.Text("run_id") : request.Text("run_uuid");
        return id.Length > 0 ? id : throw ApiException.Missing("run_id");
    }

    /// <summary>Returns a map as protobuf prints it. An empty map is omitted.</summary>
    public static object? Pairs(IReadOnlyDictionary<string, string> map) =>
        map.Count == 0 ? null : map.Select(pair => new { key = pair.Key, value = pair.Value });

    public static object Whole(StoredRun run, bool withInputs, bool withOutputs = false) => new
    {
        info = Info(run),
        data = new
        {
            metrics = run.LatestMetrics.Count == 0 ? null : run.LatestMetrics.Values.Select(Point),
            @params = Pairs(run.Params),
            tags = Pairs(run.Tags),
        },
        inputs = Inputs(run) ?? (withInputs ? Answers.Empty : null),
        outputs = run.ModelOutputs.Count > 0
            ? new { model_outputs = run.ModelOutputs.Select(model => new { model_id = model.Key, step = model.Value }) }
            : withOutputs ? Answers.Empty : null,
    };

    private static object? Inputs(StoredRun run) => run.DatasetInputs.Count + run.ModelInputs.Count == 0 ? null : new
    {
        dataset_inputs = run.DatasetInputs.Count == 0 ? null : run.DatasetInputs.Values,
        model_inputs = run.ModelInputs.Count == 0 ? null : run.ModelInputs.Select(model => new { model_id = model }),
    };

    public static object Info(StoredRun run) => new
    {
        run_uuid = run.RunId,
        experiment_id = run.ExperimentId,
        run_name = run.RunName,
        user_id = run.UserId,
        status = run.Status,
        start_time = run.StartTime,
        end_time = run.EndTime,
        artifact_uri = run.ArtifactUri,
        lifecycle_stage = run.LifecycleStage,
        run_id = run.RunId,
    };

    public static object Point(StoredMetric metric) =>
        new { key = metric.Key, value = metric.Value, timestamp = metric.Timestamp, step = metric.Step };
}
