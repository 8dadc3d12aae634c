namespace Anovos.Mlflow.Tracking;

/// <summary>Changes runs. Each change holds the lock of the run's folder.</summary>
internal sealed class RunWriter(RunFolders runs, StoreLimits limits, StoreCase names)
{
    /// <summary>Changes a run's status, end time or name.</summary>
    public void Update(RunUpdate update, CancellationToken cancellationToken)
    {
        string folder = runs.Folder(update.RunId, cancellationToken);
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        RunMeta meta = Active(folder, cancellationToken);
        string name = update.RunName is { Length: > 0 } ? update.RunName : meta.RunName;
        limits.CheckTags([new Tag(RunTags.RunName, name)]);
        if (name != meta.RunName)
            new KeyFiles(folder, KeyFiles.Tags).Write(RunTags.RunName, name, cancellationToken);
        var changes = new List<(string, string)>();
        if (update.EndTime is { } end)
            changes.Add(("end_time", MetaFile.Text(UnixTime.Check(end).ToUnixTimeMilliseconds())));
        if (name != meta.RunName)
            changes.Add(("run_name", FlatYamlText.Write(name)));
        if (update.Status is { } status)
            changes.Add(("status", MetaFile.Text((long)status)));
        if (changes.Count > 0)
            MetaFile.Change(folder, cancellationToken, [.. changes]);
    }

    /// <summary>Moves a run to the trash, or restores it.</summary>
    public void Move(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        MoveFolder(runs.Folder(runId, cancellationToken), stage, cancellationToken);

    /// <inheritdoc cref="Move(string, LifecycleStage, CancellationToken)"/>
    public static RunMeta MoveFolder(string folder, LifecycleStage stage, CancellationToken cancellationToken)
    {
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        RunMeta meta = RunMeta.Read(folder, _ => { }, cancellationToken);
        if (meta.LifecycleStage == stage)
            return meta;
        RunMeta moved = meta with { LifecycleStage = stage, DeletedTime = stage == LifecycleStage.Deleted ? DateTimeOffset.UtcNow : null };
        if (MetaFile.Exists(folder))
        {
            string time = MetaFile.Text(moved.DeletedTime?.ToUnixTimeMilliseconds());
            MetaFile.Change(folder, cancellationToken, ("deleted_time", time), ("lifecycle_stage", MetaFile.Text(stage)));
        }
        else
            moved.Write(folder, cancellationToken);
        return moved;
    }

    /// <summary>Writes a batch. The whole batch is checked first: if it is refused, nothing is stored.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>, <see cref="ErrorKind.ParameterConflict"/></exception>
    public void Log(string runId, RunData batch, CancellationToken cancellationToken)
    {
        limits.Check(batch);
        string folder = runs.Folder(runId, cancellationToken);
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        RunMeta meta = Active(folder, cancellationToken);
        var metrics = new KeyFiles(folder, KeyFiles.Metrics);
        var points = batch.Metrics.GroupBy(metric => metric.Key, StringComparer.Ordinal).ToList();
        metrics.Check([.. points.Select(group => group.Key)], limits, names);
        var tags = new KeyFiles(folder, KeyFiles.Tags);
        tags.Check([.. batch.Tags.Select(tag => tag.Key)], limits, names);
        var values = new KeyFiles(folder, KeyFiles.Params);
        values.Check([.. batch.Params.Select(param => param.Key)], limits, names);

        values.WriteAll(Fresh(runId, values, batch.Params, cancellationToken), cancellationToken);

        GrowthNotes.Append(folder, metrics, points, cancellationToken);
        tags.WriteAll(batch.Tags.Select(tag => (tag.Key, tag.Value)), cancellationToken);
        if (batch.Tags.LastOrDefault(tag => tag.Key == RunTags.RunName)?.Value is { Length: > 0 } name)
            MetaFile.Change(folder, cancellationToken, ("run_name", FlatYamlText.Write(name)));
    }

    /// <summary>Adds datasets that the run reads.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void LogInputs(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken)
    {
        foreach (DatasetInput input in inputs)
            limits.CheckInput(input);
        string folder = runs.Folder(runId, cancellationToken);
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        Active(folder, cancellationToken);
        foreach (DatasetInput input in inputs)
            InputFiles.Write(folder, input, cancellationToken);
    }

    /// <summary>Removes a tag.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the run does not have the tag.</exception>
    public void DeleteTag(string runId, string key, CancellationToken cancellationToken)
    {
        string folder = runs.Folder(runId, cancellationToken);
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        Active(folder, cancellationToken);
        if (!new KeyFiles(folder, KeyFiles.Tags).Delete(key, cancellationToken))
            throw new MlflowException(ErrorKind.InvalidValue, $"The run '{runId}' has no tag '{key}'.") { Target = key };
    }

    // The params that the run does not have yet. An existing param must have the same value.
    private static List<(string Key, string Value)> Fresh(
        string runId, KeyFiles values, IReadOnlyList<Param> batch, CancellationToken cancellationToken)
    {
        var fresh = new List<(string, string)>();
        foreach (Param param in batch)
        {
            string? old = values.Find(param.Key, cancellationToken);
            if (old is null)
                fresh.Add((param.Key, param.Value));
            // The oldest MLflow wrote a line end after each value.
            else if (SharedFile.Stored(param.Value) is var value && old != value && old != value + "\n")
            {
                throw new MlflowException(ErrorKind.ParameterConflict,
                    $"The param '{param.Key}' of the run '{runId}' is '{old}' and cannot become '{param.Value}'. "
                    + "Params are written once: use another key, a tag, or a new run.")
                { Target = param.Key };
            }
        }

        return fresh;
    }

    private static RunMeta Active(string folder, CancellationToken cancellationToken)
    {
        MetaFile.Require(folder);
        RunMeta meta = RunMeta.Read(folder, _ => { }, cancellationToken);
        return meta.LifecycleStage == LifecycleStage.Active ? meta : throw new MlflowException(ErrorKind.InvalidValue,
            $"The run '{meta.RunId}' is in the trash and cannot be changed. Restore it first.")
        { Target = meta.RunId };
    }
}
