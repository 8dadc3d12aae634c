using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The experiments of a server.</summary>
internal class RestExperiments(RestApi api, string trackingUri)
{
    /// <inheritdoc cref="ITrackingStore.FindExperimentAsync"/>
    public virtual async Task<Experiment?> FindExperimentAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            JsonElement answer = await api.GetAsync("experiments/get-by-name", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_name", name)).ConfigureAwait(false);
            return JsonAnswer.Read(answer, trackingUri, json => RestEntities.ReadExperiment(json.Part("experiment")));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc cref="ITrackingStore.GetExperimentAsync"/>
    public async Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken)
    {
        JsonElement answer = await api.GetAsync("experiments/get", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_id", experimentId)).ConfigureAwait(false);
        return JsonAnswer.Read(answer, trackingUri, json => RestEntities.ReadExperiment(json.Part("experiment")));
    }

    /// <inheritdoc cref="ITrackingStore.CreateExperimentAsync"/>
    public virtual Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                JsonElement answer = await api.PostOnceAsync(
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
                return JsonAnswer.Read(answer, trackingUri, json => json.Id("experiment_id"));
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
                throw new MlflowException(ErrorKind.ExperimentExists, $"The experiment '{experiment.Name}' exists already at {trackingUri}, or is in its trash, where its name stays taken.", e) { Target = experiment.Name, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
            }
        },
        cancellationToken);

    /// <inheritdoc cref="ITrackingStore.SearchExperimentsAsync"/>
    public async Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await api.PostAsync(
            "experiments/search",
            body =>
            {
                body.WriteNumber("max_results", search.MaxResults);
                body.WriteString("view_type", RestEntities.Name(search.ViewType));
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken).ConfigureAwait(false);
        return JsonAnswer.Read(answer, trackingUri, json => RestEntities.ReadPage(json, "experiments", pageToken, RestEntities.ReadExperiment));
    }
}
