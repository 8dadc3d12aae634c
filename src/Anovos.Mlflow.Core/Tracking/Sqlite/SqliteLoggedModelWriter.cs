namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Writes the tables of logged models. Each member returns the number of rows that it wrote, unless its summary says otherwise.
/// </summary>
internal static class SqliteLoggedModelWriter
{
    private const int Pending = 1;

    /// <summary>Creates a model and returns its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/>, <see cref="ErrorKind.ExperimentDeleted"/></exception>
    public static string Create(SqliteSession session, SqliteDatabase database, NewLoggedModel model)
    {
        Experiment experiment = LifecycleChecks.ThrowIfDeleted(
            new SqliteExperiments(database, StoreLimits.Mlflow).Get(session, model.ExperimentId));
        string id = $"m-{Guid.NewGuid():N}";
        var created = new LoggedModel
        {
            ModelId = id,
            Name = model.Name,
            ExperimentId = experiment.ExperimentId,
            RunId = model.RunId ?? "",
            ModelType = model.ModelType ?? "",
            ArtifactUri = LocalUri.Append(experiment.ArtifactLocation, $"models/{id}/artifacts"),
            CreationTime = DateTimeOffset.UtcNow,
            LastUpdateTime = DateTimeOffset.UtcNow,
        };
        Insert(session, created, Pending);
        AddParams(session, created, model.Params);
        SetTags(session, created, model.Tags);
        return id;
    }

    /// <summary>Updates the model to match the one in another store, or creates it: <see cref="IKeepsLoggedModels.KeepAsync"/>.</summary>
    public static int Keep(SqliteSession session, LoggedModel model, int status)
    {
        Insert(session, model, status);
        AddParams(session, model, [.. model.Params.Select(param => new Param(param.Key, param.Value))]);
        SetTags(session, model, [.. model.Tags.Select(tag => new Tag(tag.Key, tag.Value))]);
        return AddPoints(session, model, model.Points);
    }

    /// <summary>Sets tags.</summary>
    public static int SetTags(SqliteSession session, LoggedModel model, IReadOnlyList<Tag> tags) => tags.Sum(
        tag => session.Execute(
            """
            INSERT INTO logged_model_tags (model_id, experiment_id, tag_key, tag_value) VALUES ($id, $experiment, $key, $value)
            ON CONFLICT (model_id, tag_key) DO UPDATE SET tag_value = excluded.tag_value
            """,
            ("$id", model.ModelId), ("$experiment", model.ExperimentId), ("$key", tag.Key), ("$value", tag.Value)));

    /// <summary>Adds the params that the model does not have yet.</summary>
    public static int AddParams(SqliteSession session, LoggedModel model, IReadOnlyList<Param> values) => values.Sum(
        param => session.Execute(
            """
            INSERT INTO logged_model_params (model_id, experiment_id, param_key, param_value) VALUES ($id, $experiment, $key, $value)
            ON CONFLICT (model_id, param_key) DO NOTHING
            """,
            ("$id", model.ModelId), ("$experiment", model.ExperimentId), ("$key", param.Key), ("$value", param.Value)));

    /// <summary>
    /// Adds the points that the model does not have yet. Skips points of runs that are not in the database, because the tables refuse them.
    /// </summary>
    public static int AddPoints(SqliteSession session, LoggedModel model, IReadOnlyList<LoggedModelMetric> points) => points.Sum(
        point => session.Execute(
            """
            INSERT INTO logged_model_metrics (model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id,
                dataset_name, dataset_digest)
            SELECT $id, $key, $time, $step, $value, $experiment, run_uuid, $name, $digest FROM runs WHERE run_uuid = $run
            ON CONFLICT (model_id, metric_name, metric_timestamp_ms, metric_step, run_id) DO NOTHING
            """,
            ("$id", model.ModelId),
            ("$key", point.Key),
            ("$time", point.Timestamp),
            ("$step", point.Step),
            ("$value", double.IsNaN(point.Value) ? null : point.Value),
            ("$experiment", model.ExperimentId),
            ("$run", point.RunId),
            ("$name", point.DatasetName),
            ("$digest", point.DatasetDigest)));

    /// <summary>Sets the status.</summary>
    public static int SetStatus(SqliteSession session, LoggedModel model, int status) => session.Execute(
        "UPDATE logged_models SET status = $status, last_updated_timestamp_ms = $now WHERE model_id = $id",
        ("$status", status), ("$now", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), ("$id", model.ModelId));

    private static void Insert(SqliteSession session, LoggedModel model, int status) => session.Execute(
        """
        INSERT INTO logged_models (model_id, experiment_id, name, artifact_location, creation_timestamp_ms, last_updated_timestamp_ms,
            status, lifecycle_stage, model_type, source_run_id, status_message)
        VALUES ($id, $experiment, $name, $location, $created, $changed, $status, $stage, $type, $run, $message)
        ON CONFLICT (model_id) DO UPDATE SET last_updated_timestamp_ms = excluded.last_updated_timestamp_ms, status = excluded.status,
            lifecycle_stage = excluded.lifecycle_stage, status_message = excluded.status_message
        """,
        ("$id", model.ModelId),
        ("$experiment", model.ExperimentId),
        ("$name", model.Name),
        ("$location", model.ArtifactUri),
        ("$created", model.CreationTime?.ToUnixTimeMilliseconds() ?? 0),
        ("$changed", model.LastUpdateTime?.ToUnixTimeMilliseconds() ?? 0),
        ("$status", status),
        ("$stage", SqliteValues.Text(model.LifecycleStage)),
        ("$type", NullIfEmpty(model.ModelType)),
        ("$run", NullIfEmpty(model.RunId)),
        ("$message", NullIfEmpty(model.StatusMessage)));

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
