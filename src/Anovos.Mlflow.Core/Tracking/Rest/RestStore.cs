using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Experiments and runs on an MLflow server, over its REST API 2.0.</summary>
public sealed class RestStore : ITrackingStore
{
    /// <summary>The tag by which a run is found again whose creation got no answer; the request is not idempotent.</summary>
    public const string RequestTag = "anovos.mlflow.requestId";

    private readonly RestExperiments _experiments;
    private readonly RestRuns _runs;
    private readonly RestRunData _data;

    /// <summary>Opens the server at <paramref name="server"/>; nothing is sent yet.</summary>
    /// <param name="server">The address, with a path prefix where there is one.</param>
    /// <param name="options">How to get in.</param>
    /// <param name="onRetry">Told of each request that will be sent again; from any thread.</param>
    /// <param name="trackingUri">The tracking URI where it is not the address: that of a Databricks workspace.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when a certificate or proxy in the options cannot be used.</exception>
    public RestStore(Uri server, ConnectionOptions options, Action<RetryNotice>? onRetry = null, string? trackingUri = null)
    {
        // A relative endpoint replaces the last segment of a base that does not end in a slash.
        string address = server.GetComponents(UriComponents.HttpRequestUrl & ~UriComponents.Query, UriFormat.UriEscaped).TrimEnd('/');
        TrackingUri = trackingUri ?? address;
        Api = new RestApi(new Uri(address + "/"), options, onRetry);
        Folders = options.Databricks is null ? null : new WorkspaceFolders(Api);
        _experiments = Folders is null ? new RestExperiments(Api, TrackingUri) : new WorkspaceExperiments(Api, TrackingUri, Folders);
        _runs = new RestRuns(Api, TrackingUri);
        _data = new RestRunData(this, Api, TrackingUri);
    }

    /// <inheritdoc/>
    public string TrackingUri { get; }

    internal RestApi Api { get; }

    /// <summary>The folders that experiments lie in; null where they lie in none.</summary>
    internal WorkspaceFolders? Folders { get; }

    /// <inheritdoc/>
    public Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken) =>
        _experiments.FindExperimentAsync(name, cancellationToken);

    /// <inheritdoc/>
    public Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken) =>
        _experiments.GetExperimentAsync(experimentId, cancellationToken);

    /// <inheritdoc/>
    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) =>
        _experiments.CreateExperimentAsync(experiment, cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken) =>
        _experiments.SearchExperimentsAsync(search, pageToken, cancellationToken);

    /// <inheritdoc/>
    public Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken) =>
        _experiments.RenameExperimentAsync(experimentId, name, cancellationToken);

    /// <inheritdoc/>
    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) =>
        _experiments.SetExperimentTagAsync(experimentId, tag, cancellationToken);

    /// <inheritdoc/>
    public Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken) =>
        _experiments.MoveExperimentAsync(experimentId, stage, cancellationToken);

    /// <inheritdoc/>
    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken) =>
        _runs.CreateRunAsync(run, cancellationToken);

    /// <inheritdoc/>
    public Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken) =>
        _runs.GetRunAsync(runId, cancellationToken);

    /// <inheritdoc/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) =>
        _runs.UpdateRunAsync(update, cancellationToken);

    /// <inheritdoc/>
    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        _runs.MoveRunAsync(runId, stage, cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken) =>
        _runs.SearchRunsAsync(search, pageToken, cancellationToken);

    /// <inheritdoc/>
    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) =>
        _data.LogBatchAsync(runId, batch, cancellationToken);

    /// <inheritdoc/>
    public Task LogInputsAsync(string runId, IReadOnlyList<DatasetInput> inputs, CancellationToken cancellationToken) =>
        _data.LogInputsAsync(runId, inputs, cancellationToken);

    /// <inheritdoc/>
    public Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken) =>
        _data.GetMetricHistoryAsync(runId, key, pageToken, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) =>
        _data.DeleteTagAsync(runId, key, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => Api.Dispose();
}
