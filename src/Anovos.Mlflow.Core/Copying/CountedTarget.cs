using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>A read-only target: changes succeed and do nothing. Experiments and runs that would be created have no content.</summary>
internal sealed class CountedTarget(ITrackingStore target) : ITrackingStore, IStoreWrapper
{
    private const string NewId = "new ";

    public ITrackingStore Inner => target;

    /// <summary>Gets whether an experiment would be created, so that no store knows it.</summary>
    public static bool IsNew(string experimentId) => experimentId.StartsWith(NewId, StringComparison.Ordinal);

    /// <summary>Returns where the artifacts of a new experiment that keeps its id would be; empty for a server.</summary>
    /// <param name="store">The target.</param>
    /// <param name="experimentId">The experiment's id.</param>
    /// <param name="path">The path below its artifact location.</param>
    public static string PlaceOf(ITrackingStore store, string experimentId, string path) => TrackingTarget.IsLocalUri(store.TrackingUri)
        ? LocalUri.FromPath(Path.Combine(
            TrackingTarget.Parse(store.TrackingUri, Path.GetTempPath()).ArtifactFolder!, experimentId)) + "/" + path
        : "";

    public string TrackingUri => target.TrackingUri;

    public StoreLimits Limits => target.Limits;

    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        target.FindExperimentAsync(name, cancellationToken);

    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) =>
        IsNew(experimentId)
            ? Task.FromResult(new Experiment { ExperimentId = experimentId, Name = experimentId.Substring(NewId.Length) })
            : target.GetExperimentAsync(experimentId, cancellationToken);

    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) =>
        Task.FromResult(NewId + experiment.Name);

    public Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken) =>
        target.SearchExperimentsAsync(search, pageToken, cancellationToken);

    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken) =>
        Task.FromResult(new Run { RunId = NewId + Guid.NewGuid().ToString("N"), ExperimentId = run.ExperimentId });

    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) => target.GetRunAsync(runId, cancellationToken);

    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        string[] existing = [.. search.ExperimentIds.Where(id => !IsNew(id))];
        return existing.Length == 0
            ? Task.FromResult(new Page<Run>([], null))
            : target.SearchRunsAsync(existing.Length == search.ExperimentIds.Count
                ? search : search with { ExperimentIds = existing }, pageToken, cancellationToken);
    }

    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        target.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken);

    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) => Task.CompletedTask;

    // The target belongs to the caller.
    public void Dispose()
    {
    }
}
