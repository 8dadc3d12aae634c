using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>The experiments of an <c>mlruns</c> folder: <c>&lt;id&gt;/meta.yaml</c> and <c>&lt;id&gt;/tags/</c>, the deleted ones in <c>.trash/</c>.</summary>
internal sealed class ExperimentFolders(string root, string trackingUri, StoreLimits limits)
{
    /// <summary>The id of the experiment that every store has.</summary>
    public const string DefaultId = "0";

    private const string DefaultName = "Default";

    // What else stands in the root: the model registry.
    private const string Models = "models";

    private const string TrashName = ".trash";

    private static readonly Regex IdForm = new(@"^[a-zA-Z0-9][\w\-]{0,63}\z", RegexOptions.CultureInvariant);

    private readonly string _trash = Path.Combine(root, TrashName);

    /// <summary>The folder of the experiment; null when there is none.</summary>
    public string? Find(string id)
    {
        if (!IsId(id))
            return null;
        string[] places = [Path.Combine(root, id), Path.Combine(_trash, id)];
        return places.FirstOrDefault(Directory.Exists);
    }

    /// <summary>The folder of every experiment, the deleted ones last; folders that are none may be among them.</summary>
    public IEnumerable<string> All()
    {
        string[] places = [root, _trash];
        return places.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).Where(folder => IsId(Path.GetFileName(folder)));
    }

    /// <summary>The experiment of that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    public Experiment Get(string id, CancellationToken cancellationToken) => Read(Folder(id), cancellationToken);

    /// <summary>The folder of the experiment of that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentNotFound"/></exception>
    public string Folder(string id) => Find(id) ?? throw new MlflowException(ErrorKind.ExperimentNotFound,
        $"There is no experiment with the id '{id}' in '{root}'.") { Target = id };

    /// <summary>Every experiment that can be read, in no order.</summary>
    public IEnumerable<Experiment> ReadAll(CancellationToken cancellationToken)
    {
        foreach (string folder in All())
        {
            if (ForeignFile.SkipUnreadable(() => Read(folder, cancellationToken)) is { } experiment)
                yield return experiment;
        }
    }

    /// <summary>The experiment of that name; null when there is none.</summary>
    public Experiment? Named(string name, CancellationToken cancellationToken)
    {
        string stored = SharedFile.Stored(name);
        return ReadAll(cancellationToken).FirstOrDefault(experiment => experiment.Name == stored);
    }

    /// <summary>Makes the root with the experiment that every store has, where they are missing.</summary>
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

    /// <summary>Makes an experiment and answers its id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ExperimentExists"/>, <see cref="ErrorKind.InvalidValue"/></exception>
    public string Create(NewExperiment experiment, CancellationToken cancellationToken)
    {
        limits.CheckExperiment(experiment);
        MakeRoot(cancellationToken);
        // Over looking for the name and taking it: two processes that start together are to end up in one experiment.
        using (StoreLock.Take(root, cancellationToken))
        {
            if (Named(experiment.Name, cancellationToken) is { } taken)
                throw Taken(taken);

            string id = RunNames.NewExperimentId();
            Make(id, experiment, cancellationToken);
            return id;
        }
    }

    /// <summary>The error that the name of an experiment is taken.</summary>
    public MlflowException Taken(Experiment experiment)
    {
        string advice = experiment.LifecycleStage == LifecycleStage.Deleted
            ? $"is in the {TrashName} folder of '{root}', where its name stays taken: restore it, or remove its folder for good"
            : $"exists already in '{root}'";
        return new MlflowException(ErrorKind.ExperimentExists, $"The experiment '{experiment.Name}' {advice}.") { Target = experiment.Name };
    }

    /// <summary>Where the experiment of that id lies at a stage.</summary>
    public string Place(string id, LifecycleStage stage) => Path.Combine(stage == LifecycleStage.Deleted ? _trash : root, id);

    private void Make(string id, NewExperiment experiment, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(root, id);
        var tags = new KeyFiles(folder, KeyFiles.Tags);
        tags.Check([.. experiment.Tags.Select(tag => tag.Key)], limits);
        Directory.CreateDirectory(folder);
        tags.WriteAll(experiment.Tags.Select(tag => (tag.Key, tag.Value)), cancellationToken);

        // The last file: only with it the experiment is there.
        string location = experiment.ArtifactLocation ?? LocalUri.FromPath(folder);
        string now = MetaFile.Text(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        MetaFile.Write(folder, $"""
            artifact_location: {FlatYamlText.Write(location)}
            creation_time: {now}
            experiment_id: {FlatYamlText.Write(id)}
            last_update_time: {now}
            lifecycle_stage: active
            name: {FlatYamlText.Write(experiment.Name)}

            """.Replace("\r\n", "\n"));
    }

    private Experiment Read(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        MetaFile file = MetaFile.Read(folder);
        string id = file.Text("experiment_id");
        if (id != Path.GetFileName(folder))
            throw file.Invalid($"is that of the experiment '{id}'");
        return new Experiment
        {
            ExperimentId = id,
            Name = file.Text("name"),
            ArtifactLocation = file.Find("artifact_location") ?? "",
            LifecycleStage = Path.GetDirectoryName(folder) == _trash ? LifecycleStage.Deleted : file.Stage(),
            CreationTime = file.Time("creation_time"),
            LastUpdateTime = file.Time("last_update_time"),
            TrackingUri = trackingUri,
            Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(cancellationToken),
        };
    }

    // Its folder alone is not enough: another process may just be making it.
    private bool HasDefault() => Find(DefaultId) is { } folder && MetaFile.Exists(folder);

    private static bool IsId(string id) => IdForm.IsMatch(id) && id != Models;
}
