namespace Anovos.Mlflow.Tracking;

/// <summary>Starts and changes runs.</summary>
internal sealed class SqliteRunWriter(SqliteDatabase database, SqliteRuns runs, StoreLimits limits)
{
    /// <summary>Starts a run.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentDeleted"/>; <see cref="ErrorKind.StoreInvalid"/> if the experiment has no usable artifact location.
    /// </exception>
    public Run Create(SqliteSession session, NewRun run, Experiment experiment)
    {
        if (experiment.LifecycleStage == LifecycleStage.Deleted)
        {
            throw new MlflowException(ErrorKind.ExperimentDeleted,
                $"The experiment '{experiment.Name}' is in the trash. Restore it first, or use another.")
            { Target = experiment.Name };
        }

        // Another process may already continue the same run here.
        if (run.RunId is { } given && runs.Read(session, [given]) is [var there])
            return there;
        if (LocalRoot.WhyUnusable(experiment.ArtifactLocation) is { } why)
            throw UnusableLocation(experiment, why);
        string id = run.RunId ?? RunNames.NewRunId(), name = RunNames.Of(run);
        string artifacts = LocalUri.Append(experiment.ArtifactLocation, $"{id}/artifacts");
        DateTimeOffset start = UnixTime.Check(run.StartTime);
        Tag[] tags = [.. run.Tags.Where(tag => tag.Key != RunTags.RunName), new Tag(RunTags.RunName, name)];
        limits.CheckTags(tags);
        limits.CheckKeys("tag", tags.Select(tag => tag.Key));
        session.Execute(
            """
            INSERT INTO runs
                (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage,
                artifact_uri, experiment_id)
            VALUES ($id, $name, 'UNKNOWN', '', '', $user, 'RUNNING', $start, '', 'active', $artifacts, $experiment)
            """,
            ("$id", id),
            ("$name", name),
            ("$user", run.UserId),
            ("$start", start.ToUnixTimeMilliseconds()),
            ("$artifacts", artifacts),
            ("$experiment", experiment.ExperimentId));
        SqliteBatch.WriteTags(session, id, tags);
        return new Run
        {
            RunId = id,
            ExperimentId = experiment.ExperimentId,
            Experiment = experiment.Name,
            RunName = name,
            Status = RunStatus.Running,
            StartTime = start,
            UserId = run.UserId,
            ArtifactUri = artifacts,
            TrackingUri = database.Uri,
            Tags = tags.GroupBy(tag => tag.Key, StringComparer.Ordinal)
                .ToDictionary(tag => tag.Key, tag => tag.Last().Value, StringComparer.Ordinal),
        };
    }

    /// <summary>Changes a run's status, end time or name.</summary>
    public void Update(SqliteSession session, RunUpdate update)
    {
        Active(session, update.RunId);
        string? name = update.RunName is { Length: > 0 } ? update.RunName : null;
        if (name is not null)
        {
            limits.CheckTags([new Tag(RunTags.RunName, name)]);
            SqliteBatch.WriteTags(session, update.RunId, [new Tag(RunTags.RunName, name)]);
        }

        session.Execute(
            """
            UPDATE runs SET status = coalesce($status, status), end_time = coalesce($end, end_time), name = coalesce($name, name)
            WHERE run_uuid = $run
            """,
            ("$status", update.Status is { } status ? SqliteValues.Text(status) : null),
            ("$end", update.EndTime is { } end ? UnixTime.Check(end).ToUnixTimeMilliseconds() : null),
            ("$name", name),
            ("$run", update.RunId));
    }

    /// <summary>Moves a run to the trash, or restores it. Does nothing if it is in that stage already.</summary>
    public void Move(SqliteSession session, string runId, LifecycleStage stage)
    {
        if (runs.Require(session, runId).Stage == stage)
            return;
        session.Execute(
            "UPDATE runs SET lifecycle_stage = $stage, deleted_time = $deleted WHERE run_uuid = $run",
            ("$stage", SqliteValues.Text(stage)),
            ("$deleted", stage == LifecycleStage.Deleted ? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() : null),
            ("$run", runId));
    }

    /// <summary>Writes a batch. If it is refused, nothing is stored.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>, <see cref="ErrorKind.ParameterConflict"/></exception>
    public void Log(SqliteSession session, string runId, RunData batch)
    {
        Active(session, runId);
        SqliteBatch.Write(session, runId, batch);
    }

    /// <summary>Adds datasets that the run reads.</summary>
    public void LogInputs(SqliteSession session, string runId, IReadOnlyList<DatasetInput> inputs)
    {
        long experimentId = Active(session, runId);
        foreach (DatasetInput input in inputs)
            SqliteInputs.Write(session, experimentId, runId, input);
    }

    /// <summary>Removes a tag.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the run does not have the tag.</exception>
    public void DeleteTag(SqliteSession session, string runId, string key)
    {
        Active(session, runId);
        if (session.Execute("DELETE FROM tags WHERE key = $key AND run_uuid = $run", ("$key", key), ("$run", runId)) == 0)
            throw new MlflowException(ErrorKind.InvalidValue, $"The run '{runId}' has no tag '{key}'.") { Target = key };
    }

    private long Active(SqliteSession session, string runId)
    {
        (long experimentId, _, LifecycleStage stage) = runs.Require(session, runId);
        return stage == LifecycleStage.Active ? experimentId : throw new MlflowException(ErrorKind.InvalidValue,
            $"The run '{runId}' is in the trash and cannot be changed. Restore it first.")
        { Target = runId };
    }

    private MlflowException UnusableLocation(Experiment experiment, string why)
    {
        string location = experiment.ArtifactLocation.Trim().Length == 0 ? "" : $", '{experiment.ArtifactLocation}',";
        return new MlflowException(ErrorKind.StoreInvalid,
            $"The column 'artifact_location'{location} of the experiment {experiment.ExperimentId} in the table 'experiments' of "
            + $"'{database.Path}' {why}. Correct it, or use another experiment: a run needs a place for its artifacts.")
        {
            Target = experiment.Name,
        };
    }
}
