using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The logged models of an MLflow 3 server (<c>logged-models/</c>).</summary>
internal sealed class RestLoggedModels(RestApi api, string trackingUri) : ILoggedModelStore
{
    /// <inheritdoc/>
    public async Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken)
    {
        JsonElement answer = await AskAsync(() => api.GetAsync($"logged-models/{Uri.EscapeDataString(modelId)}", ErrorKind.ModelNotFound, cancellationToken)).ConfigureAwait(false);
        return JsonFields.Read(answer, trackingUri, json => RegistryEntities.ReadLogged(json.Part("model"), trackingUri));
    }

    /// <inheritdoc/>
    public async Task<Page<LoggedModel>> SearchAsync(IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await AskAsync(() => api.PostAsync(
            "logged-models/search",
            body =>
            {
                RestEntities.WriteStrings(body, "experiment_ids", experimentIds);
                if (SearchText.NullIfEmpty(filter) is { } text)
                    body.WriteString("filter", text);
                body.WriteNumber("max_results", maxResults);
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ModelNotFound,
            cancellationToken)).ConfigureAwait(false);
        return JsonFields.Read(answer, trackingUri, json => RestEntities.ReadPage(json, "models", pageToken, model => RegistryEntities.ReadLogged(model, trackingUri)));
    }

    private async Task<JsonElement> AskAsync(Func<Task<JsonElement>> ask)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (MlflowException e) when ((e.StatusCode == 404 && e.ErrorCode is null) || e.ErrorCode == "ENDPOINT_NOT_FOUND")
        {
            throw e.Rewrap($"{trackingUri} has no logged models: they came with MLflow 3.0. Models of older servers are artifacts of their runs, and versions of registered models.", ErrorKind.NotSupported, trackingUri);
        }
    }
}
