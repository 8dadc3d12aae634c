using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Copies models to another store, with runs that have little more than an id.</summary>
internal sealed class ModelMove(ITrackingStore source, string experimentName, string modelName, ITrackingStore target)
{
    public ModelMove(FolderWithModels source, ITrackingStore target)
        : this(source.Store, source.ExperimentName, source.ModelName, target)
    {
    }

    public List<string> LeftOut { get; } = [];

    /// <summary>The copies of runs, by the ids of the source.</summary>
    public ConcurrentDictionary<string, Run> Runs { get; } = [];

    public LoggedModelCopier? Models { get; private set; }

    public CopiedModels Sum { get; private set; } = new(0, 0, 0, 0);

    /// <summary>Which file is refused; none by default.</summary>
    public string? RefusedFile { get; set; }

    public async Task CopyAsync(params string[] runs)
    {
        Experiment experiment = await ExperimentAsync();
        foreach (string id in runs)
            Runs[id] = await FindAsync(experiment, id) ?? await CreateAsync(experiment, id);
        Models = new LoggedModelCopier(
            source,
            target,
            new CopiedIds(
                (_, _) => Task.FromResult<string?>(experiment.ExperimentId),
                (id, _) => Task.FromResult(Runs.GetValueOrDefault(id)?.RunId)),
            CopyFilesAsync);
        Sum = new CopiedModels(0, 0, 0, 0);
        foreach (string id in runs)
        {
            Run run = await source.GetRunAsync(id, default);
            CopiedModels copied = await Models.CopyOfRunAsync(run, Add, default);
            Sum = new CopiedModels(
                Sum.Models + copied.Models, Sum.Files + copied.Files, Sum.Bytes + copied.Bytes, Sum.Points + copied.Points);
        }

        foreach (string id in runs)
        {
            Run run = await source.GetRunAsync(id, default);
            await Models.LinkAsync(run, await target.GetRunAsync(Runs[id].RunId, default), Add, default);
            Runs[id] = await target.GetRunAsync(Runs[id].RunId, default);
        }
    }

    public async Task<CopiedModel> RegisterAsync(string? name = null)
    {
        var copies = new CopiedThings((id, _) => Task.FromResult(Runs.GetValueOrDefault(id)), Models!.FindAsync);
        var copier = new ModelCopier(ModelRegistry.ToCopyFrom(source), ModelRegistry.Of(target), copies);
        return (await copier.CopyAsync(name ?? modelName, Add, default))!;
    }

    private async Task<Experiment> ExperimentAsync() => await target.FindExperimentAsync(experimentName, default)
        ?? await target.GetExperimentAsync(await target.CreateExperimentAsync(new NewExperiment(experimentName), default), default);

    private async Task<Run?> FindAsync(Experiment experiment, string id)
    {
        var search = new RunSearch([experiment.ExperimentId], $"tags.source = '{id}'");
        return (await target.SearchRunsAsync(search, null, default)).Items.FirstOrDefault();
    }

    private Task<Run> CreateAsync(Experiment experiment, string id) => target.CreateRunAsync(
        new NewRun(experiment.ExperimentId, "copy", "me", 1700000001000) { Tags = [new Tag("source", id)] }, default);

    /// <summary>Copies the files of a model, but for <see cref="RefusedFile"/>.</summary>
    public async Task<(int Files, long Bytes)> CopyFilesAsync(
        LoggedModel from, LoggedModel? to, LeftOut leftOut, CancellationToken cancellationToken)
    {
        using IArtifactStore origin = ArtifactStores.Open(Root(from), source);
        using IArtifactStore store = ArtifactStores.Open(Root(to!), target);
        IReadOnlyList<ListedArtifact> listing = await ArtifactTree.FilesAsync(origin, "", 2, cancellationToken);
        IReadOnlyDictionary<string, long> there = await RemoteArtifacts.LengthsAsync(
            store, listing.Select(file => file.ArtifactPath), 2, cancellationToken);
        int files = 0;
        foreach (ListedArtifact file in listing.Where(file => !there.ContainsKey(file.ArtifactPath)))
        {
            if (file.ArtifactPath == RefusedFile)
            {
                leftOut("Artifact", file.ArtifactPath, "refused");
                continue;
            }

            var artifact = new StoredSource(origin, from.ArtifactUri, new Artifact(file.ArtifactPath, IsDirectory: false, file.Length));
            await store.SendAsync(artifact, file.ArtifactPath, _ => { }, cancellationToken);
            files++;
        }

        return (files, listing.Sum(file => file.Length));
    }

    private static Run Root(LoggedModel model) =>
        new() { RunId = "", ExperimentId = "", ArtifactUri = model.ArtifactUri, TrackingUri = model.TrackingUri };

    private void Add(string kind, string name, string reason) => LeftOut.Add($"{kind} {name}: {reason}");
}
