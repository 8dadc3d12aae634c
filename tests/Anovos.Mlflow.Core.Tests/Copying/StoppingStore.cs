using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Cancels after so many changes, as a user does who presses Ctrl+C: some of them have happened, others not.</summary>
internal sealed class StoppingStore(ITrackingStore store, int changes, CancellationTokenSource stop) : ITrackingStore, IStoreWrapper
{
    private int _left = changes;

    public ITrackingStore Inner => store;

    public string TrackingUri => store.TrackingUri;

    public StoreLimits Limits => store.Limits;

    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        store.FindExperimentAsync(name, cancellationToken);

    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) =>
        store.GetExperimentAsync(experimentId, cancellationToken);

    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) =>
        AfterAsync(store.CreateExperimentAsync(experiment, default));

    public Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken) =>
        store.SearchExperimentsAsync(search, pageToken, cancellationToken);

    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken) =>
        AfterAsync(store.RenameExperimentAsync(experimentId, name, default));

    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) =>
        AfterAsync(store.SetExperimentTagAsync(experimentId, tag, default));

    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) =>
        AfterAsync(store.MoveExperimentAsync(experimentId, stage, default));

    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken) => AfterAsync(store.CreateRunAsync(run, default));

    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) => store.GetRunAsync(runId, cancellationToken);

    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) => AfterAsync(store.UpdateRunAsync(update, default));

    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        AfterAsync(store.MoveRunAsync(runId, stage, default));

    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken) =>
        store.SearchRunsAsync(search, pageToken, cancellationToken);

    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) =>
        AfterAsync(store.LogBatchAsync(runId, batch, default));

    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) =>
        AfterAsync(store.LogInputsAsync(runId, inputs, default));

    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        store.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken);

    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) =>
        AfterAsync(store.DeleteTagAsync(runId, key, default));

    // The store belongs to the test.
    public void Dispose()
    {
    }

    private async Task AfterAsync(Task change)
    {
        await change;
        if (Interlocked.Decrement(ref _left) <= 0)
            await stop.CancelAsync();
        stop.Token.ThrowIfCancellationRequested();
    }

    private async Task<T> AfterAsync<T>(Task<T> change)
    {
        await AfterAsync((Task)change);
        return await change;
    }
}
