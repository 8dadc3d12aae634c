using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Experiments and runs on an MLflow server, over its REST API 2.0.</summary>
public class RestStore : ITrackingStore
{
    /// <summary>An idempotency key: runs/create is not idempotent, so after a lost response the run is looked up by this tag.</summary>
    public const string IdempotencyKeyTag = "anovos.mlflow.requestId";

    private readonly RestExperiments _experiments;
    private readonly RestRuns _runs;
    private readonly RestRunData _data;

    /// <summary>Opens the server at <paramref name="server"/>. Sends nothing yet.</summary>
    /// <param name="server">The address, with its path prefix if it has one.</param>
    /// <param name="options">The connection settings.</param>
    /// <param name="onRetry">Called for each request that will be retried; may be called on any thread.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if a certificate or proxy in the options cannot be used.</exception>
    public RestStore(Uri server, ConnectionOptions options, Action<RetryNotice>? onRetry = null)
        : this(Connect(server, options, onRetry), AddressOf(server), experiments: null)
    {
    }

    /// <summary>Opens a server whose tracking URI differs from its address, or whose experiments need their own client.</summary>
    private protected RestStore(RestApi api, string trackingUri, RestExperiments? experiments)
    {
        TrackingUri = trackingUri;
        Api = api;
        _experiments = experiments ?? new RestExperiments(api, trackingUri);
        _runs = new RestRuns(api, trackingUri);
        _data = new RestRunData(this, api, trackingUri);
    }

    /// <inheritdoc/>
    public string TrackingUri { get; }

    /// <inheritdoc/>
    public StoreLimits Limits => StoreLimits.Mlflow;

    internal RestApi Api { get; }

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

    /// <summary>
    /// Returns whether an experiment has traces. MLflow before 2.14 has no traces, and Databricks has them in another API.
    /// </summary>
    internal async Task<bool> HasTracesAsync(string experimentId, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await Api.GetAsync(
                "traces", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_ids", experimentId), ("max_results", "1"))
                .ConfigureAwait(false);
            return JsonFields.Read(response, TrackingUri, json => json.Items("traces").Any());
        }
        catch (MlflowException e) when (e.StatusCode == 404 || !e.EndsOperation())
        {
            return false;
        }
    }

    /// <summary>Returns the workspace of the requests, which page addresses must name; null if the server has no workspaces.</summary>
    internal async Task<string?> FindWorkspaceAsync(CancellationToken cancellationToken) => Api.Options.Workspace
        ?? (await Api.Capabilities.GetAsync(cancellationToken).ConfigureAwait(false) is { HasWorkspaces: true } ? "default" : null);

    /// <inheritdoc/>
    public void Dispose()
    {
        Api.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Creates the client for a server's REST API. Sends nothing yet.</summary>
    private protected static RestApi Connect(Uri server, ConnectionOptions options, Action<RetryNotice>? onRetry) =>
        // A relative endpoint replaces the last segment of a base address that does not end in a slash.
        new(new Uri(AddressOf(server) + "/"), options, onRetry);

    private static string AddressOf(Uri server) =>
        server.GetComponents(UriComponents.HttpRequestUrl & ~UriComponents.Query, UriFormat.UriEscaped).TrimEnd('/');
}
