namespace Anovos.Mlflow.Tracking;

/// <summary>Changes the experiments of an <c>mlruns</c> folder. Each change holds the lock of the folder.</summary>
internal sealed class ExperimentWriter(string root, ExperimentFolders experiments, StoreLimits limits, StoreCase names)
{
    /// <summary>Renames an experiment.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, <see cref="ErrorKind.InvalidValue"/></exception>
    public void Rename(string id, string name, CancellationToken cancellationToken)
    {
        limits.CheckExperiment(new NewExperiment(name));
        string folder = experiments.Folder(id);
        using IDisposable held = StoreLock.Take(root, cancellationToken);
        if (Active(id, cancellationToken).Name == SharedFile.Stored(name))
            return;
        experiments.RefuseTaken(name, exceptId: id, cancellationToken);
        MetaFile.Change(folder, cancellationToken, ("last_update_time", Now()), ("name", FlatYamlText.Write(name)));
    }

    /// <summary>Sets a tag.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void SetTag(string id, Tag tag, CancellationToken cancellationToken)
    {
        limits.CheckTags([tag]);
        var tags = new KeyFiles(experiments.Folder(id), KeyFiles.Tags);
        using IDisposable held = StoreLock.Take(root, cancellationToken);
        Active(id, cancellationToken);
        tags.Check([tag.Key], limits, names);
        tags.Write(tag.Key, tag.Value, cancellationToken);
    }

    /// <summary>
    /// Moves an experiment to the trash, or restores it, like MLflow's file store: it writes the stage to the experiment's file and to the
    /// files of all its runs, and then moves the folder. To complete an interrupted move, repeat it.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for the experiment that every store has.</exception>
    public void Move(string id, LifecycleStage stage, CancellationToken cancellationToken)
    {
        string folder = experiments.Folder(id), place = experiments.Place(id, stage);
        if (id == ExperimentFolders.DefaultId && stage == LifecycleStage.Deleted)
            throw new MlflowException(ErrorKind.InvalidValue, "The experiment 'Default' of a directory store cannot be removed: MLflow needs it. Remove its runs.") { Target = id };
        using IDisposable held = StoreLock.Take(root, cancellationToken);
        if (folder == place && experiments.Get(id, cancellationToken).LifecycleStage == stage)
            return;
        if (MetaFile.Exists(folder))
            MetaFile.Change(folder, cancellationToken, ("last_update_time", Now()), ("lifecycle_stage", MetaFile.Text(stage)));
        foreach (string run in Directory.EnumerateDirectories(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (RunFolders.IsRun(run))
                ForeignFile.SkipUnreadable(() => RunWriter.MoveFolder(run, stage, cancellationToken));
        }

        if (folder != place)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            BusyFile.Replace(folder, () => Directory.Move(folder, place), cancellationToken);
        }
    }

    private Experiment Active(string id, CancellationToken cancellationToken)
    {
        Experiment experiment = experiments.Get(id, cancellationToken);
        return experiment.LifecycleStage == LifecycleStage.Active ? experiment : throw new MlflowException(ErrorKind.InvalidValue,
            $"The experiment '{experiment.Name}' is in the trash and cannot be changed. Restore it first.")
        { Target = id };
    }

    private static string Now() => MetaFile.Text(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
}
