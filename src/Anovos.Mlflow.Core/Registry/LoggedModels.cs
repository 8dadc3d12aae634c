using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The logged models of a server of MLflow 3 (<c>logged-models/</c>); read only.</summary>
public sealed class LoggedModels
{
    private readonly RestApi _api;
    private readonly string _trackingUri;

    internal LoggedModels(RestApi api, string trackingUri) => (_api, _trackingUri) = (api, trackingUri);

    /// <summary>The filter for the models that a run logged.</summary>
    public static string OfRun(string runId) => $"source_run_id = {RegistryEntities.Quote(runId)}";

    /// <summary>The model of that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.NotSupported"/> of a server before MLflow 3.</exception>
    public async Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken)
    {
        JsonElement answer = await AskAsync(() => _api.GetAsync($"logged-models/{Uri.EscapeDataString(modelId)}", ErrorKind.ModelNotFound, cancellationToken)).ConfigureAwait(false);
        return JsonAnswer.Read(answer, _trackingUri, json => RegistryEntities.ReadLogged(json.Part("model"), _trackingUri));
    }

    /// <summary>One page of models, the newest first.</summary>
    /// <param name="experimentIds">The experiments to look in.</param>
    /// <param name="filter">MLflow's search syntax, as <c>metrics.rmse &lt; 1</c>; null for all.</param>
    /// <param name="maxResults">The size of a page, 1 to 100.</param>
    /// <param name="pageToken">Null for the first.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> of a server before MLflow 3.</exception>
    public async Task<Page<LoggedModel>> SearchAsync(IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await AskAsync(() => _api.PostAsync(
            "logged-models/search",
            body =>
            {
                RestEntities.WriteStrings(body, "experiment_ids", experimentIds);
                if (filter is not null)
                    body.WriteString("filter", filter);
                body.WriteNumber("max_results", maxResults);
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ModelNotFound,
            cancellationToken)).ConfigureAwait(false);
        return JsonAnswer.Read(answer, _trackingUri, json => RestEntities.ReadPage(json, "models", pageToken, model => RegistryEntities.ReadLogged(model, _trackingUri)));
    }

    private async Task<JsonElement> AskAsync(Func<Task<JsonElement>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (MlflowException e) when ((e.StatusCode == 404 && e.ErrorCode is null) || e.ErrorCode == "ENDPOINT_NOT_FOUND")
        {
            throw new MlflowException(ErrorKind.NotSupported, $"{_trackingUri} has no logged models: they came with MLflow 3.0. Models of older servers are artifacts of their runs, and versions of registered models.", e) { Target = _trackingUri, StatusCode = e.StatusCode };
        }
    }
}
