using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Experiments and runs on an MLflow server, over its REST API 2.0.</summary>
public sealed class RestStore : ITrackingStore
{
    /// <summary>The tag by which a run is found again whose creation got no answer; the request is not idempotent.</summary>
    public const string RequestTag = "anovos.mlflow.requestId";

    private const int HistoryPage = 10_000;

    /// <summary>Opens the server at <paramref name="server"/>; nothing is sent yet.</summary>
    /// <param name="server">The address, with a path prefix where there is one.</param>
    /// <param name="options">How to get in.</param>
    /// <param name="onRetry">Told of each request that will be sent again; from any thread.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when a certificate or proxy in the options cannot be used.</exception>
    public RestStore(Uri server, ConnectionOptions options, Action<RetryNotice>? onRetry = null)
    {
        // A relative endpoint replaces the last segment of a base that does not end in a slash.
        string address = server.GetComponents(UriComponents.HttpRequestUrl & ~UriComponents.Query, UriFormat.UriEscaped).TrimEnd('/');
        TrackingUri = address;
        Api = new RestApi(new Uri(address + "/"), options, onRetry);
    }

    /// <inheritdoc/>
    public string TrackingUri { get; }

    internal RestApi Api { get; }

    /// <inheritdoc/>
    public async Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement answer = await Api.GetAsync("experiments/get-by-name", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_name", name)).ConfigureAwait(false);
            return Read(answer, json => RestEntities.ReadExperiment(json.Part("experiment")));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken)
    {
        JsonElement answer = await Api.GetAsync("experiments/get", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_id", experimentId)).ConfigureAwait(false);
        return Read(answer, json => RestEntities.ReadExperiment(json.Part("experiment")));
    }

    /// <inheritdoc/>
    public Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) => Api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                JsonElement answer = await Api.PostOnceAsync(
                    "experiments/create",
                    body =>
                    {
                        body.WriteString("name", experiment.Name);
                        if (experiment.ArtifactLocation is not null)
                            body.WriteString("artifact_location", experiment.ArtifactLocation);
                        RestEntities.WriteTags(body, experiment.Tags);
                    },
                    ErrorKind.ExperimentNotFound,
                    cancellationToken).ConfigureAwait(false);
                return Read(answer, json => json.Id("experiment_id"));
            }
            catch (MlflowException e) when (retries > 0 && e.Kind == ErrorKind.ExperimentExists)
            {
                // The first request did its work, and its answer was lost.
                Experiment? made = await FindExperimentAsync(experiment.Name, cancellationToken).ConfigureAwait(false);
                if (made?.LifecycleStage == LifecycleStage.Active)
                    return made.ExperimentId;
                throw;
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                // Some stores answer with their SQL.
                throw new MlflowException(ErrorKind.ExperimentExists, $"The experiment '{experiment.Name}' exists already at {TrackingUri}, or is in its trash, where its name stays taken.", e) { Target = experiment.Name, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await Api.PostAsync(
            "experiments/search",
            body =>
            {
                body.WriteNumber("max_results", search.MaxResults);
                body.WriteString("view_type", RestEntities.Name(search.ViewType));
                WritePageToken(body, pageToken);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken).ConfigureAwait(false);
        return Read(answer, json => RestEntities.ReadPage(json, "experiments", pageToken, RestEntities.ReadExperiment));
    }

    /// <inheritdoc/>
    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken)
    {
        string request = Guid.NewGuid().ToString("N");
        Tag[] tags = [.. run.Tags, new Tag(RequestTag, request)];
        return Api.Retrier.RunAsync(
            async retries =>
            {
                if (retries > 0 && await FindByRequestAsync(run.ExperimentId, request, cancellationToken).ConfigureAwait(false) is { } made)
                    return made;
                JsonElement answer = await Api.PostOnceAsync(
                    "runs/create",
                    body =>
                    {
                        body.WriteString("experiment_id", run.ExperimentId);
                        if (run.RunName is not null)
                            body.WriteString("run_name", run.RunName);
                        body.WriteString("user_id", run.UserId);
                        body.WriteNumber("start_time", run.StartTime);
                        RestEntities.WriteTags(body, tags);
                    },
                    ErrorKind.ExperimentNotFound,
                    cancellationToken).ConfigureAwait(false);
                return Read(answer, json => RestEntities.ReadRun(json.Part("run"), TrackingUri));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken)
    {
        if (!TrackingLimits.IsRunId(runId))
            throw new MlflowException(ErrorKind.RunNotFound, $"'{runId}' is no run id: letters, digits, '-' and '_' are expected, usually 32 hex digits.") { Target = runId };
        JsonElement answer = await Api.GetAsync("runs/get", ErrorKind.RunNotFound, cancellationToken, ("run_id", runId)).ConfigureAwait(false);
        return Read(answer, json => RestEntities.ReadRun(json.Part("run"), TrackingUri));
    }

    /// <inheritdoc/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) =>
        Api.PostAsync(
            "runs/update",
            body =>
            {
                body.WriteString("run_id", update.RunId);
                if (update.Status is { } status)
                    body.WriteString("status", RestEntities.Name(status));
                if (update.EndTime is { } endTime)
                    body.WriteNumber("end_time", endTime);
                if (update.RunName is not null)
                    body.WriteString("run_name", update.RunName);
            },
            ErrorKind.RunNotFound,
            cancellationToken);

    /// <inheritdoc/>
    public async Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await Api.PostAsync(
            "runs/search",
            body =>
            {
                RestEntities.WriteStrings(body, "experiment_ids", search.ExperimentIds);
                if (search.Filter is not null)
                    body.WriteString("filter", search.Filter);
                body.WriteString("run_view_type", RestEntities.Name(search.ViewType));
                body.WriteNumber("max_results", search.MaxResults);
                RestEntities.WriteStrings(body, "order_by", search.OrderBy);
                WritePageToken(body, pageToken);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken).ConfigureAwait(false);
        return Read(answer, json => RestEntities.ReadPage(json, "runs", pageToken, run => RestEntities.ReadRun(run, TrackingUri)));
    }

    /// <inheritdoc/>
    public Task LogBatchAsync(string runId, RunData batch, CancellationToken cancellationToken) => Api.Retrier.RunAsync(
        async retries =>
        {
            // Params and tags are harmless to repeat. Points are not: a directory store behind the server keeps both.
            RunData missing = retries == 0 || batch.Metrics.Count == 0
                ? batch
                : batch with { Metrics = await MetricHistory.MissingAsync(this, runId, batch.Metrics, cancellationToken).ConfigureAwait(false) };
            return await Api.PostOnceAsync(
                "runs/log-batch",
                body =>
                {
                    body.WriteString("run_id", runId);
                    RestEntities.WriteData(body, missing);
                },
                ErrorKind.RunNotFound,
                cancellationToken).ConfigureAwait(false);
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<Page<Metric>> GetMetricHistoryAsync(string runId, string key, string? pageToken, CancellationToken cancellationToken)
    {
        // Without max_results MLflow 3.11 answers no points and a token that leads back to itself.
        JsonElement answer = await Api.GetAsync(
            "metrics/get-history",
            ErrorKind.RunNotFound,
            cancellationToken,
            ("run_id", runId),
            ("metric_key", key),
            ("max_results", HistoryPage.ToString(CultureInfo.InvariantCulture)),
            ("page_token", pageToken)).ConfigureAwait(false);
        return Read(answer, json => RestEntities.ReadPage(json, "metrics", pageToken, RestEntities.ReadMetric));
    }

    /// <inheritdoc/>
    public Task DeleteTagAsync(string runId, string key, CancellationToken cancellationToken) => Api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return await Api.PostOnceAsync(
                    "runs/delete-tag",
                    body =>
                    {
                        body.WriteString("run_id", runId);
                        body.WriteString("key", key);
                    },
                    ErrorKind.RunNotFound,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.RunNotFound && e.Message.IndexOf("tag", StringComparison.OrdinalIgnoreCase) >= 0)
            {
                if (retries > 0)
                    return default; // gone with the request whose answer was lost
                throw new MlflowException(ErrorKind.InvalidValue, $"Run {runId} has no tag '{key}', so there is nothing to remove.", e) { Target = key, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => Api.Dispose();

    private async Task<Run?> FindByRequestAsync(string experimentId, string request, CancellationToken cancellationToken)
    {
        var search = new RunSearch([experimentId], $"tags.`{RequestTag}` = '{request}'") { ViewType = ViewType.All, MaxResults = 1 };
        return (await SearchRunsAsync(search, null, cancellationToken).ConfigureAwait(false)).Items.FirstOrDefault();
    }

    private T Read<T>(JsonElement answer, Func<JsonElement, T> read) => JsonAnswer.Read(answer, TrackingUri, read);

    private static void WritePageToken(Utf8JsonWriter body, string? pageToken)
    {
        if (pageToken is not null)
            body.WriteString("page_token", pageToken);
    }
}
