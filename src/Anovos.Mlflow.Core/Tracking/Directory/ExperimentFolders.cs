using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>The experiments of an <c>mlruns</c> folder: <c>&lt;id&gt;/meta.yaml</c> and <c>&lt;id&gt;/tags/</c>, the deleted ones in <c>.trash/</c>.</summary>
internal sealed class ExperimentFolders(string root, string trackingUri, StoreLimits limits, StoreCase names, Action<string> warn)
{
    /// <summary>The id of the experiment that every store has.</summary>
    public const string DefaultId = "0";

    private const string DefaultName = "Default";

    // The root also contains the model registry.
    private const string Models = "models";

    private const string TrashName = ".trash";

    private static readonly Regex IdForm = new(@"^[a-zA-Z0-9][\w\-]{0,63}\z", RegexOptions.CultureInvariant);

    private readonly string _trash = Path.Combine(root, TrashName);

    /// <summary>Returns the folder of the experiment; null if there is none.</summary>
    public string? Find(string id)
    {
        if (!IsId(id))
            return null;
        string[] places = [Path.Combine(root, id), Path.Combine(_trash, id)];
        return places.FirstOrDefault(Directory.Exists);
    }

    /// <summary>Returns the folder of every experiment, the deleted ones last. Other folders may be among them.</summary>
    public IEnumerable<string> All()
    {
        string[] places = [root, _trash];
        return places.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).Where(folder => IsId(Path.GetFileName(folder)));
    }

    /// <summary>Returns the experiment with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    public Experiment Get(string id, CancellationToken cancellationToken) => Read(Folder(id), cancellationToken);

    /// <summary>Returns the folder of the experiment with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    public string Folder(string id) => Find(id) ?? throw new MlflowException(ErrorKind.ExperimentNotFound,
        $"There is no experiment with the id '{id}' in '{root}'.")
    { Target = id };

    /// <summary>Returns every experiment that can be read, in no particular order.</summary>
    public IEnumerable<Experiment> ReadAll(CancellationToken cancellationToken)
    {
        foreach (string folder in All())
        {
            // A folder with neither the file nor a run does not belong to an experiment, or its experiment is just being created.
            Action<string> tell = MetaFile.Exists(folder) ? warn : _ => { };
            if (ForeignFile.Skip(() => Read(folder, cancellationToken), tell, folder) is { } experiment)
                yield return experiment;
        }
    }

    /// <summary>Returns the experiment with that name; null if there is none.</summary>
    public Experiment? Named(string name, CancellationToken cancellationToken)
    {
        string stored = SharedFile.Stored(name);
        return ReadAll(cancellationToken).FirstOrDefault(experiment => experiment.Name == stored && !experiment.HasUnreadableName);
    }

    /// <summary>Throws if an experiment has the name, or might have it because the name of another experiment cannot be read.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, <see cref="ErrorKind.StoreInvalid"/></exception>
    public void RefuseTaken(string name, string? exceptId, CancellationToken cancellationToken)
    {
        List<Experiment> others = [.. ReadAll(cancellationToken).Where(experiment => experiment.ExperimentId != exceptId)];
        string stored = SharedFile.Stored(name);
        if (others.Find(experiment => experiment.Name == stored && !experiment.HasUnreadableName) is { } taken)
            throw Taken(taken);
        if (others.Find(experiment => experiment.HasUnreadableName) is not { } unreadable)
            return;
        string file = Path.Combine(Folder(unreadable.ExperimentId), "meta.yaml");
        throw new MlflowException(ErrorKind.StoreInvalid,
            $"The name of an experiment in '{root}' cannot be read, and it may be '{name}'. Correct 'name' in '{file}', or move "
            + "that folder elsewhere.")
        { Target = file };
    }

    /// <summary>Creates the root and the experiment that every store has, if they are missing.</summary>
    public void MakeRoot(CancellationToken cancellationToken)
    {
        if (HasDefault() && Directory.Exists(_trash))
            return;
        Directory.CreateDirectory(_trash);
        using (StoreLock.Take(root, cancellationToken))
        {
            if (!HasDefault())
                Make(DefaultId, new NewExperiment(DefaultName), cancellationToken);
        }
    }

    /// <summary>Creates an experiment and returns its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, <see cref="ErrorKind.InvalidValue"/></exception>
    public string Create(NewExperiment experiment, CancellationToken cancellationToken)
    {
        limits.CheckExperiment(experiment);
        MakeRoot(cancellationToken);
        // Hold the lock from the search for the name until it is taken, so that two processes that start together use one experiment.
        using (StoreLock.Take(root, cancellationToken))
        {
            RefuseTaken(experiment.Name, exceptId: null, cancellationToken);
            string id = RunNames.NewExperimentId();
            Make(id, experiment, cancellationToken);
            return id;
        }
    }

    /// <summary>Creates the error for a name that an experiment already has.</summary>
    public MlflowException Taken(Experiment experiment)
    {
        string advice = experiment.LifecycleStage == LifecycleStage.Deleted
            ? $"is in the {TrashName} folder of '{root}', where its name stays taken: restore it, or remove its folder for good"
            : $"already exists in '{root}'";
        return new MlflowException(ErrorKind.ExperimentExists, $"The experiment '{experiment.Name}' {advice}.") { Target = experiment.Name };
    }

    /// <summary>Returns the folder where the experiment with that id belongs in a lifecycle stage.</summary>
    public string Place(string id, LifecycleStage stage) => Path.Combine(stage == LifecycleStage.Deleted ? _trash : root, id);

    /// <summary>Writes the files of a new experiment. The caller holds the lock of the root.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="experiment">The experiment.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="created">The times of creation and of the last change; null for the current time.</param>
    public void Make(
        string id,
        NewExperiment experiment,
        CancellationToken cancellationToken,
        (DateTimeOffset? Created, DateTimeOffset? Changed)? created = null)
    {
        string folder = Path.Combine(root, id);
        var tags = new KeyFiles(folder, KeyFiles.Tags);
        tags.Check([.. experiment.Tags.Select(tag => tag.Key)], limits, names);
        Directory.CreateDirectory(folder);
        tags.WriteAll(experiment.Tags.Select(tag => (tag.Key, tag.Value)), cancellationToken);

        // This file is written last: the experiment exists only when it does.
        string location = experiment.ArtifactLocation ?? LocalUri.FromPath(folder);
        var (creation, change) = created ?? (DateTimeOffset.UtcNow, DateTimeOffset.UtcNow);
        MetaFile.Write(folder, $"""
            artifact_location: {FlatYamlText.Write(location)}
            creation_time: {MetaFile.Text(creation?.ToUnixTimeMilliseconds())}
            experiment_id: {FlatYamlText.Write(id)}
            last_update_time: {MetaFile.Text(change?.ToUnixTimeMilliseconds())}
            lifecycle_stage: active
            name: {FlatYamlText.Write(experiment.Name)}

            """.Replace("\r\n", "\n"), cancellationToken);
    }

    private Experiment Read(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string id = Path.GetFileName(folder);
        bool isDeleted = Path.GetDirectoryName(folder) == _trash;
        if (!MetaFile.Exists(folder) && HasRuns(folder))
        {
            warn($"{Path.Combine(folder, "meta.yaml")} is missing: the name of the experiment '{id}' cannot be read.");
            return Unreadable(id, isDeleted ? LifecycleStage.Deleted : LifecycleStage.Active, folder, cancellationToken);
        }

        MetaFile file = MetaFile.Read(folder, warn, cancellationToken);
        string? recorded = file.Find("experiment_id");
        if (recorded is null)
            file.Warn("experiment_id", "is missing");
        else if (recorded != id && Find(recorded) is not null)
            throw file.Invalid($"belongs to the experiment '{recorded}'");
        else if (recorded != id)
            file.Warn("experiment_id", "is not the name of its folder");
        string? name = file.Find("name");
        if (name is null or "")
        {
            file.Warn("name", "is missing: the name of the experiment cannot be read");
            return Unreadable(id, isDeleted ? LifecycleStage.Deleted : file.Stage(), folder, cancellationToken);
        }

        return new Experiment
        {
            ExperimentId = id,
            Name = name,
            ArtifactLocation = LocalRoot.Resolve(file.Find("artifact_location") ?? "", id, folder),
            LifecycleStage = isDeleted ? LifecycleStage.Deleted : file.Stage(),
            CreationTime = file.Time("creation_time"),
            LastUpdateTime = file.Time("last_update_time"),
            TrackingUri = trackingUri,
            Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken),
        };
    }

    private Experiment Unreadable(string id, LifecycleStage stage, string folder, CancellationToken cancellationToken) => new()
    {
        ExperimentId = id,
        Name = $"(unreadable name) {id}",
        HasUnreadableName = true,
        LifecycleStage = stage,
        TrackingUri = trackingUri,
        Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken),
    };

    /// <summary>Whether the folder of an experiment has a run.</summary>
    public static bool HasRuns(string folder) => Directory.EnumerateDirectories(folder).Any(run => RunFolders.IsRun(run)
        && (MetaFile.Exists(run) || ForeignFile.SkipUnreadable(() => RunMeta.Read(run, _ => { })) is not null));

    // Its folder alone is not enough: another process may be just creating it.
    private bool HasDefault() => Find(DefaultId) is { } folder && (MetaFile.Exists(folder) || HasRuns(folder));

    /// <summary>Whether an experiment can have the id.</summary>
    public static bool IsId(string id) => IdForm.IsMatch(id) && id != Models;
}
