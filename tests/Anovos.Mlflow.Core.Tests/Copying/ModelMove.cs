using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Copies the models of <see cref="FolderWithModels"/> to another store, with runs that have little more than an id.</summary>
internal sealed class ModelMove(FolderWithModels source, ITrackingStore target)
{
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
            source.Store,
            target,
            new CopiedIds(
                (_, _) => Task.FromResult<string?>(experiment.ExperimentId),
                (id, _) => Task.FromResult(Runs.GetValueOrDefault(id)?.RunId)),
            CopyFilesAsync);
        Sum = new CopiedModels(0, 0, 0, 0);
        foreach (string id in runs)
        {
            Run run = await source.Store.GetRunAsync(id, default);
            CopiedModels copied = await Models.CopyOfRunAsync(run, Add, default);
            Sum = new CopiedModels(
                Sum.Models + copied.Models, Sum.Files + copied.Files, Sum.Bytes + copied.Bytes, Sum.Points + copied.Points);
        }

        foreach (string id in runs)
        {
            Run run = await source.Store.GetRunAsync(id, default);
            await Models.LinkAsync(run, await target.GetRunAsync(Runs[id].RunId, default), Add, default);
            Runs[id] = await target.GetRunAsync(Runs[id].RunId, default);
        }
    }

    public async Task<CopiedModel> RegisterAsync()
    {
        var copies = new CopiedThings((id, _) => Task.FromResult(Runs.GetValueOrDefault(id)), Models!.FindAsync);
        var copier = new ModelCopier(ModelRegistry.ToCopyFrom(source.Store), ModelRegistry.Of(target), copies);
        return await copier.CopyAsync(source.ModelName, Add, default);
    }

    private async Task<Experiment> ExperimentAsync() => await target.FindExperimentAsync(source.ExperimentName, default)
        ?? await target.GetExperimentAsync(await target.CreateExperimentAsync(new NewExperiment(source.ExperimentName), default), default);

    private async Task<Run?> FindAsync(Experiment experiment, string id)
    {
        var search = new RunSearch([experiment.ExperimentId], $"tags.source = '{id}'");
        return (await target.SearchRunsAsync(search, null, default)).Items.FirstOrDefault();
    }

    private Task<Run> CreateAsync(Experiment experiment, string id) => target.CreateRunAsync(
        new NewRun(experiment.ExperimentId, "copy", "me", 1700000001000) { Tags = [new Tag("source", id)] }, default);

    private async Task<(int Files, long Bytes)> CopyFilesAsync(
        LoggedModel from, LoggedModel? to, LeftOut leftOut, CancellationToken cancellationToken)
    {
        string folder = LocalUri.ToPath(from.ArtifactUri);
        if (!Directory.Exists(folder))
            return (0, 0);
        using IArtifactStore store = ArtifactStores.Open(
            new Run { RunId = "", ExperimentId = "", ArtifactUri = to!.ArtifactUri, TrackingUri = target.TrackingUri }, target);
        FolderListing listing = FolderListing.Of(folder, cancellationToken);
        IReadOnlyDictionary<string, long> there = await RemoteArtifacts.LengthsAsync(
            store, listing.Files.Select(file => file.RelativePath), 2, cancellationToken);
        int files = 0;
        foreach (FileSource file in listing.Files.Where(file => !there.ContainsKey(file.RelativePath)))
        {
            if (file.RelativePath == RefusedFile)
                leftOut("Artifact", file.RelativePath, "refused");
            else
            {
                await store.SendAsync(file, file.RelativePath, _ => { }, cancellationToken);
                files++;
            }
        }

        return (files, listing.Files.Sum(file => file.Length));
    }

    private void Add(string kind, string name, string reason) => LeftOut.Add($"{kind} {name}: {reason}");
}
