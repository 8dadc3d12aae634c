namespace Anovos.Mlflow.Tracking;

/// <summary>Creates runs.</summary>
internal sealed class RunStarter(ExperimentFolders experiments, StoreLimits limits, StoreCase names)
{
    /// <summary>Starts a run and returns its id.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ExperimentNotFound"/>, <see cref="ErrorKind.ExperimentDeleted"/>, <see cref="ErrorKind.InvalidValue"/>
    /// </exception>
    public string Create(NewRun run, CancellationToken cancellationToken)
    {
        experiments.MakeRoot(cancellationToken);
        Experiment experiment = experiments.Get(run.ExperimentId, cancellationToken);
        if (experiment.LifecycleStage == LifecycleStage.Deleted)
        {
            throw new MlflowException(ErrorKind.ExperimentDeleted,
                $"The experiment '{experiment.Name}' is in the trash. Restore it first, or use another.")
            { Target = experiment.Name };
        }

        if (LocalRoot.WhyUnusable(experiment.ArtifactLocation) is { } why)
        {
            string location = experiment.ArtifactLocation.Trim().Length == 0 ? "" : $", '{experiment.ArtifactLocation}',";
            string file = Path.Combine(experiments.Folder(run.ExperimentId), "meta.yaml");
            throw new MlflowException(ErrorKind.StoreInvalid,
                $"The field 'artifact_location'{location} in '{file}' {why}. Correct it, or use another experiment: a run "
                + "needs a place for its artifacts.")
            {
                Target = file,
            };
        }

        string id = run.RunId ?? RunNames.NewRunId();
        string name = RunNames.Of(run);
        string folder = Path.Combine(experiments.Folder(run.ExperimentId), id);
        string artifacts = LocalUri.Append(experiment.ArtifactLocation, $"{id}/artifacts");
        var meta = new RunMeta(id, run.ExperimentId, name, run.UserId, UnixTime.Check(run.StartTime), artifacts);

        IReadOnlyList<Tag> tags = [.. run.Tags.Where(tag => tag.Key != RunTags.RunName), new Tag(RunTags.RunName, name)];
        var files = new KeyFiles(folder, KeyFiles.Tags);
        limits.CheckTags(tags);
        files.Check([.. tags.Select(tag => tag.Key)], limits, names);

        MakeFolders(folder);
        files.WriteAll(tags.Select(tag => (tag.Key, tag.Value)), cancellationToken);
        // This file is written last: the run exists only when it does.
        meta.Write(folder, cancellationToken);
        return id;
    }

    /// <summary>Creates the folders of a run. MLflow 3 does not recognize a folder without them as a run.</summary>
    public static void MakeFolders(string folder)
    {
        foreach (string part in new[] { KeyFiles.Metrics, KeyFiles.Params, "artifacts" })
            Directory.CreateDirectory(Path.Combine(folder, part));
    }
}
