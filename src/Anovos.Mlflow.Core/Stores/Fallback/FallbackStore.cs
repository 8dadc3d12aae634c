using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>
/// A server, and the folder or database in which runs continue when the server cannot be reached: from the start, or from where it was
/// lost. A lost server is not used again, because a run must not be split between the two more than once.
/// </summary>
/// <param name="server">The server's store.</param>
/// <param name="folder">The store in a folder or database; nothing is created there before it is needed.</param>
/// <param name="onLost">Called once, with the error, when the server is lost.</param>
public sealed class FallbackStore(ITrackingStore server, ITrackingStore folder, Action<MlflowException> onLost)
    : ITrackingStore, IStoreWrapper
{
    private readonly ConcurrentDictionary<string, Run> _runs = new();
    private readonly ConcurrentDictionary<string, string> _experiments = new();
    private readonly SemaphoreSlim _switching = new(1, 1);
    private volatile MlflowException? _loss;

    /// <inheritdoc/>
    public string TrackingUri => _loss is not null ? folder.TrackingUri : server.TrackingUri;

    /// <inheritdoc/>
    /// <remarks>Those of both stores: a run may continue in the folder, and runs in the folder are sent to the server later.</remarks>
    public StoreLimits Limits { get; } = server.Limits.Intersect(folder.Limits);

    ITrackingStore IStoreWrapper.Inner => server;

    internal ITrackingStore Server => server;

    /// <summary>Why the server was lost; null while it is in use.</summary>
    internal MlflowException? Loss => _loss;

    /// <inheritdoc/>
    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        TryAsync(store => store.FindExperimentAsync(name, cancellationToken), Remember);

    /// <inheritdoc/>
    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) =>
        TryAsync(store => store.GetExperimentAsync(experimentId, cancellationToken), Remember);

    /// <inheritdoc/>
    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) =>
        TryAsync(store => store.CreateExperimentAsync(experiment, cancellationToken));

    /// <inheritdoc/>
    public Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken) =>
        TryAsync(store => store.SearchExperimentsAsync(search, pageToken, cancellationToken));

    /// <inheritdoc/>
    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken) =>
        TryAsync(store => store.RenameExperimentAsync(experimentId, name, cancellationToken));

    /// <inheritdoc/>
    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) =>
        TryAsync(store => store.SetExperimentTagAsync(experimentId, tag, cancellationToken));

    /// <inheritdoc/>
    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) =>
        TryAsync(store => store.MoveExperimentAsync(experimentId, stage, cancellationToken));

    /// <inheritdoc/>
    public async Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken)
    {
        try
        {
            if (_loss is null)
                return Remember(await server.CreateRunAsync(run, cancellationToken).ConfigureAwait(false))!;
        }
        catch (MlflowException e) when (e.IsServerAway())
        {
            Lose(e);
        }

        string experimentId = await ExperimentAsync(_experiments.TryGetValue(run.ExperimentId, out string? name) ? name : null, run.ExperimentId, cancellationToken).ConfigureAwait(false);
        return await folder.CreateRunAsync(run with { ExperimentId = experimentId, Tags = [.. run.Tags, new(OfflineTags.Target, server.TrackingUri)] }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.GetRunAsync(runId, cancellationToken), cancellationToken, Remember);

    /// <inheritdoc/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) =>
        OnRunAsync(update.RunId, store => store.UpdateRunAsync(update, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.MoveRunAsync(runId, stage, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken) =>
        TryAsync(store => store.SearchRunsAsync(search, pageToken, cancellationToken));

    /// <inheritdoc/>
    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.LogBatchAsync(runId, batch, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.LogInputsAsync(runId, inputs, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) =>
        OnRunAsync(runId, store => store.DeleteTagAsync(runId, key, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        server.Dispose();
        _switching.Dispose();
    }

    /// <summary>Opens the run's artifacts in the folder, after the server was lost.</summary>
    internal async Task<IArtifactStore> OpenFolderAsync(Run run, CancellationToken cancellationToken)
    {
        await ContinueAsync(run.RunId, cancellationToken).ConfigureAwait(false);
        return ArtifactStores.Open(await folder.GetRunAsync(run.RunId, cancellationToken).ConfigureAwait(false), folder);
    }

    private Experiment Remember(Experiment? experiment)
    {
        if (experiment is not null)
            _experiments[experiment.ExperimentId] = experiment.Name;
        return experiment!;
    }

    private Run Remember(Run run) => _runs[run.RunId] = run;

    /// <summary>Stops using the server.</summary>
    internal void Lose(MlflowException failure)
    {
        if (Interlocked.CompareExchange(ref _loss, failure, null) is null)
            onLost(failure);
    }

    private async Task<T> TryAsync<T>(Func<ITrackingStore, Task<T>> work, Func<T, T>? remember = null)
    {
        try
        {
            if (_loss is null)
                return remember is null ? await work(server).ConfigureAwait(false) : remember(await work(server).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.IsServerAway())
        {
            Lose(e);
        }

        return await work(folder).ConfigureAwait(false);
    }

    private Task TryAsync(Func<ITrackingStore, Task> work) => TryAsync(
        async store =>
        {
            await work(store).ConfigureAwait(false);
            return true;
        });

    private async Task<T> OnRunAsync<T>(string runId, Func<ITrackingStore, Task<T>> work, CancellationToken cancellationToken, Func<T, T>? remember = null)
    {
        try
        {
            if (_loss is null)
                return remember is null ? await work(server).ConfigureAwait(false) : remember(await work(server).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.IsServerAway())
        {
            Lose(e);
        }

        await ContinueAsync(runId, cancellationToken).ConfigureAwait(false);
        return await work(folder).ConfigureAwait(false);
    }

    private Task OnRunAsync(string runId, Func<ITrackingStore, Task> work, CancellationToken cancellationToken) => OnRunAsync(
        runId,
        async store =>
        {
            await work(store).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    // Creates a run with the same id for the rest of a run that the server has, unless it already exists.
    private async Task ContinueAsync(string runId, CancellationToken cancellationToken)
    {
        await _switching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await folder.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.RunNotFound)
        {
            Run run = _runs.TryGetValue(runId, out Run? known) ? known : new Run { RunId = runId, ExperimentId = "", StartTime = DateTimeOffset.UtcNow };
            string? name = run.Experiment.Length > 0 ? run.Experiment : _experiments.TryGetValue(run.ExperimentId, out string? remembered) ? remembered : null;
            string experimentId = await ExperimentAsync(name, run.ExperimentId, cancellationToken).ConfigureAwait(false);
            var rest = new NewRun(experimentId, run.RunName.Length > 0 ? run.RunName : null, run.UserId, run.StartTime.ToUnixTimeMilliseconds())
            {
                RunId = runId,
                Tags = [new(OfflineTags.Target, server.TrackingUri), new(OfflineTags.Continues, "true")],
            };
            await folder.CreateRunAsync(rest, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _switching.Release();
        }
    }

    // Returns the folder's experiment with that name. If only the id of the experiment is known, the id is the name.
    private async Task<string> ExperimentAsync(string? name, string id, CancellationToken cancellationToken)
    {
        if (name is null && id.Length > 0 && await IsInFolderAsync(id, cancellationToken).ConfigureAwait(false))
            return id;
        var lifecycle = new RunLifecycle(folder, _ => null);
        string wanted = name ?? (id.Length > 0 ? id : RunLifecycle.DefaultExperiment);
        Experiment experiment = await lifecycle.FindExperimentAsync(wanted, cancellationToken).ConfigureAwait(false)
            ?? await lifecycle.CreateExperimentAsync(new NewExperiment(wanted), cancellationToken).ConfigureAwait(false);
        return experiment.ExperimentId;
    }

    private async Task<bool> IsInFolderAsync(string experimentId, CancellationToken cancellationToken)
    {
        try
        {
            await folder.GetExperimentAsync(experimentId, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            return false;
        }
    }
}
