using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The runs of a server.</summary>
internal sealed class RestRuns(RestApi api, string trackingUri)
{
    /// <inheritdoc cref="ITrackingStore.CreateRunAsync"/>
    public Task<Run> CreateRunAsync(NewRun run, CancellationToken cancellationToken)
    {
        string request = Guid.NewGuid().ToString("N");
        Tag[] tags = [.. run.Tags, new Tag(RestStore.IdempotencyKeyTag, request)];
        return api.Retrier.RunAsync(
            async retries =>
            {
                if (retries > 0 && await FindByRequestAsync(run.ExperimentId, request, cancellationToken).ConfigureAwait(false) is { } made)
                    return made;
                JsonElement response = await api.PostOnceAsync(
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
                return JsonFields.Read(response, trackingUri, json => Read(json.Part("run")));
            },
            cancellationToken);
    }

    /// <inheritdoc cref="ITrackingStore.GetRunAsync"/>
    public async Task<Run> GetRunAsync(string runId, CancellationToken cancellationToken)
    {
        if (!Run.IsRunId(runId))
            throw new MlflowException(ErrorKind.RunNotFound, $"'{runId}' is not a run id: letters, digits, '-' and '_' are expected, usually 32 hex digits.") { Target = runId };
        JsonElement response = await api.GetAsync("runs/get", ErrorKind.RunNotFound, cancellationToken, ("run_id", runId)).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => Read(json.Part("run")));
    }

    /// <inheritdoc cref="ITrackingStore.UpdateRunAsync"/>
    public Task UpdateRunAsync(RunUpdate update, CancellationToken cancellationToken) =>
        api.PostAsync(
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

    /// <inheritdoc cref="ITrackingStore.MoveRunAsync"/>
    public Task MoveRunAsync(string runId, LifecycleStage stage, CancellationToken cancellationToken) =>
        api.PostAsync(stage == LifecycleStage.Deleted ? "runs/delete" : "runs/restore", body => body.WriteString("run_id", runId), ErrorKind.RunNotFound, cancellationToken);

    /// <inheritdoc cref="ITrackingStore.SearchRunsAsync"/>
    public async Task<Page<Run>> SearchRunsAsync(RunSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement response = await api.PostAsync(
            "runs/search",
            body =>
            {
                RestEntities.WriteStrings(body, "experiment_ids", search.ExperimentIds);
                if (SearchText.NullIfEmpty(search.Filter) is { } filter)
                    body.WriteString("filter", filter);
                body.WriteString("run_view_type", RestEntities.Name(search.ViewType));
                body.WriteNumber("max_results", search.MaxResults);
                RestEntities.WriteStrings(body, "order_by", search.OrderBy);
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadPage(json, "runs", pageToken, Read));
    }

    private async Task<Run?> FindByRequestAsync(string experimentId, string request, CancellationToken cancellationToken)
    {
        var search = new RunSearch([experimentId], $"tags.`{RestStore.IdempotencyKeyTag}` = '{request}'") { ViewType = ViewType.All, MaxResults = 1 };
        return (await SearchRunsAsync(search, null, cancellationToken).ConfigureAwait(false)).Items.FirstOrDefault();
    }

    private Run Read(JsonElement json) => RestEntities.ReadRun(json, trackingUri) with { Workspace = api.Options.Workspace };
}
