namespace Anovos.Mlflow.Tracking;

/// <summary>Keeps exact copies of another store's experiments and runs in a database: <see cref="ILocalStore"/>.</summary>
internal sealed class SqliteExactCopies(SqliteDatabase database, SqliteExperiments experiments, SqliteRuns runs, StoreLimits limits)
{
    // The experiment that every database has from the beginning.
    private const long Default = 0;

    /// <inheritdoc cref="ILocalStore.KeepExperimentAsync"/>
    public Experiment Keep(SqliteSession session, Experiment source)
    {
        if (!SqliteExperiments.TryNumber(source.ExperimentId, out long id))
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The experiment '{source.Name}' has the id '{source.ExperimentId}', but a database needs numbers as ids. Copy it without "
                + "-KeepId.")
            { Target = source.ExperimentId };
        }

        Tag[] tags = [.. source.Tags.Select(tag => new Tag(tag.Key, tag.Value))];
        limits.CheckExperiment(new NewExperiment(source.Name) { Tags = tags });
        limits.CheckKeys("tag", tags.Select(tag => tag.Key));
        string? name = session.First("SELECT name FROM experiments WHERE experiment_id = $id", row => row.GetString(0), ("$id", id));
        bool isUnused = id == Default && name is not null && !session.First(
            "SELECT 1 FROM runs WHERE experiment_id = 0", _ => true);
        if (name is not null && name != source.Name && !isUnused)
        {
            throw new MlflowException(
                ErrorKind.ExperimentExists,
                $"The id {id} belongs to another experiment in '{database.Path}', '{name}'.")
            { Target = source.ExperimentId };
        }

        if (name != source.Name)
            experiments.RefuseTaken(session, source.Name);
        if (name is null || isUnused)
        {
            string location = source.ArtifactLocation;
            session.Execute(
                """
                INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)
                VALUES ($id, $name, $location, 'active', $created, $changed)
                ON CONFLICT (experiment_id) DO UPDATE SET name = excluded.name, artifact_location = excluded.artifact_location,
                    creation_time = excluded.creation_time, last_update_time = excluded.last_update_time
                """,
                ("$id", id),
                ("$name", source.Name),
                ("$location", location.Length == 0 ? database.ArtifactLocation(source.ExperimentId) : location),
                ("$created", source.CreationTime?.ToUnixTimeMilliseconds()),
                ("$changed", source.LastUpdateTime?.ToUnixTimeMilliseconds()));
        }

        foreach (Tag tag in tags)
            SqliteExperiments.WriteTag(session, source.ExperimentId, tag);
        return experiments.Get(session, source.ExperimentId);
    }

    /// <inheritdoc cref="ILocalStore.KeepExperimentStateAsync"/>
    public void SetState(SqliteSession session, Experiment source)
    {
        Experiment there = experiments.Get(session, source.ExperimentId);
        session.Execute(
            """
            UPDATE experiments SET lifecycle_stage = $stage, last_update_time = coalesce($changed, last_update_time)
            WHERE experiment_id = $id
            """,
            ("$stage", SqliteValues.Text(source.LifecycleStage)),
            ("$changed", source.LastUpdateTime?.ToUnixTimeMilliseconds()),
            ("$id", there.ExperimentId));
    }

    /// <inheritdoc cref="ILocalStore.KeepRunAsync"/>
    public Run Keep(SqliteSession session, Run source)
    {
        if (!Run.IsRunId(source.RunId))
            throw Run.NotAnId(source.RunId);
        if (runs.Read(session, [source.RunId]) is [var there])
            return there;
        Experiment experiment = experiments.Get(session, source.ExperimentId);
        if (experiment.LifecycleStage == LifecycleStage.Deleted)
        {
            throw new MlflowException(
                ErrorKind.ExperimentDeleted, $"The experiment '{experiment.Name}' is in the trash.")
            { Target = experiment.Name };
        }

        RunOrigin origin = source.Origin ?? new RunOrigin("UNKNOWN", "", "", "");
        session.Execute(
            """
            INSERT INTO runs
                (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, source_version, lifecycle_stage,
                artifact_uri, experiment_id)
            VALUES ($id, $name, $type, $source, $entry, $user, 'RUNNING', $start, $version, 'active', $artifacts, $experiment)
            """,
            ("$id", source.RunId),
            ("$name", source.RunName),
            ("$type", origin.SourceType.Length == 0 ? null : origin.SourceType),
            ("$source", origin.SourceName),
            ("$entry", origin.EntryPointName),
            ("$user", source.UserId),
            ("$start", source.StartTime.ToUnixTimeMilliseconds()),
            ("$version", origin.SourceVersion),
            ("$artifacts", source.ArtifactUri),
            ("$experiment", experiment.ExperimentId));
        return runs.Get(session, source.RunId);
    }

    /// <inheritdoc cref="ILocalStore.KeepRunStateAsync"/>
    public void SetState(SqliteSession session, Run source)
    {
        runs.Require(session, source.RunId);
        session.Execute(
            """
            UPDATE runs SET status = $status, end_time = $end, lifecycle_stage = $stage, deleted_time = $deleted WHERE run_uuid = $run
            """,
            ("$status", SqliteValues.Text(source.Status)),
            ("$end", source.EndTime?.ToUnixTimeMilliseconds()),
            ("$stage", SqliteValues.Text(source.LifecycleStage)),
            ("$deleted", source.DeletedTime?.ToUnixTimeMilliseconds()),
            ("$run", source.RunId));
    }
}
