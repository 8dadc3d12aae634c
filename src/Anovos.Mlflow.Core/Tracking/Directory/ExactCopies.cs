namespace Anovos.Mlflow.Tracking;

/// <summary>Keeps exact copies of another store's experiments and runs in an <c>mlruns</c> folder: <see cref="ILocalStore"/>.</summary>
internal sealed class ExactCopies(string root, ExperimentFolders experiments, RunFolders runs, StoreLimits limits)
{
    /// <inheritdoc cref="ILocalStore.KeepExperimentAsync"/>
    public Experiment Keep(Experiment source, CancellationToken cancellationToken)
    {
        string id = source.ExperimentId;
        if (!ExperimentFolders.IsId(id))
            throw new MlflowException(ErrorKind.InvalidValue, $"'{id}' cannot be the id of an experiment in a folder.") { Target = id };
        Tag[] tags = [.. source.Tags.Select(tag => new Tag(tag.Key, tag.Value))];
        var copy = new NewExperiment(source.Name, source.ArtifactLocation.Length == 0 ? null : source.ArtifactLocation) { Tags = tags };
        // The location is not checked: a path of another machine is part of the copy.
        limits.CheckExperiment(copy with { ArtifactLocation = null });
        experiments.MakeRoot(cancellationToken);
        using IDisposable held = StoreLock.Take(root, cancellationToken);
        string? folder = experiments.Find(id);
        Experiment? there = folder is null ? null : experiments.Get(id, cancellationToken);
        bool isOurs = there?.Name == SharedFile.Stored(source.Name);
        bool isUnused = id == ExperimentFolders.DefaultId && there is not null && !ExperimentFolders.HasRuns(folder!);
        if (there is not null && !isOurs && !isUnused)
        {
            throw new MlflowException(
                ErrorKind.ExperimentExists, $"The id {id} belongs to another experiment in '{root}', '{there.Name}'.")
            { Target = id };
        }

        if (!isOurs)
            experiments.RefuseTaken(source.Name, exceptId: id, cancellationToken);
        if (there is null || isUnused)
            experiments.Make(id, copy, cancellationToken, (source.CreationTime, source.LastUpdateTime));
        else
            new KeyFiles(folder!, KeyFiles.Tags).WriteAll(tags.Select(tag => (tag.Key, tag.Value)), cancellationToken);
        return experiments.Get(id, cancellationToken);
    }

    /// <inheritdoc cref="ILocalStore.KeepExperimentStateAsync"/>
    public void SetState(Experiment source, CancellationToken cancellationToken)
    {
        string id = source.ExperimentId, folder = experiments.Folder(id), place = experiments.Place(id, source.LifecycleStage);
        if (id == ExperimentFolders.DefaultId && folder != place)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue, "The experiment 0 of a directory store cannot be in the trash: MLflow needs it.")
            { Target = id };
        }

        using IDisposable held = StoreLock.Take(root, cancellationToken);
        string time = MetaFile.Text(source.LastUpdateTime?.ToUnixTimeMilliseconds());
        MetaFile.Change(folder, cancellationToken, ("last_update_time", time), ("lifecycle_stage", MetaFile.Text(source.LifecycleStage)));
        if (folder == place)
            return;
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        BusyFile.Replace(folder, () => Directory.Move(folder, place), cancellationToken);
    }

    /// <inheritdoc cref="ILocalStore.KeepRunAsync"/>
    public Run Keep(Run source, CancellationToken cancellationToken)
    {
        Experiment experiment = experiments.Get(source.ExperimentId, cancellationToken);
        if (!Run.IsRunId(source.RunId) || !RunFolders.IsRun(source.RunId))
            throw Run.NotAnId(source.RunId);
        string folder = Path.Combine(experiments.Folder(source.ExperimentId), source.RunId);
        if (MetaFile.Exists(folder))
            return runs.Get(source.RunId, cancellationToken);
        if (experiment.LifecycleStage == LifecycleStage.Deleted)
        {
            throw new MlflowException(
                ErrorKind.ExperimentDeleted, $"The experiment '{experiment.Name}' is in the trash.")
            { Target = experiment.Name };
        }

        RunStarter.MakeFolders(folder);
        Meta(source).Write(folder, cancellationToken);
        return runs.Get(source.RunId, cancellationToken);
    }

    /// <inheritdoc cref="ILocalStore.KeepRunStateAsync"/>
    public void SetState(Run source, CancellationToken cancellationToken)
    {
        string folder = runs.Folder(source.RunId, cancellationToken);
        using IDisposable held = StoreLock.Take(folder, cancellationToken);
        MetaFile.Change(
            folder,
            cancellationToken,
            ("deleted_time", MetaFile.Text(source.DeletedTime?.ToUnixTimeMilliseconds())),
            ("end_time", MetaFile.Text(source.EndTime?.ToUnixTimeMilliseconds())),
            ("lifecycle_stage", MetaFile.Text(source.LifecycleStage)),
            ("status", MetaFile.Text((long)source.Status)));
    }

    private static RunMeta Meta(Run source)
    {
        var meta = new RunMeta(
            source.RunId, source.ExperimentId, source.RunName, source.UserId, source.StartTime, source.ArtifactUri);
        return source.Origin is { } origin ? meta with { Origin = origin } : meta;
    }
}
