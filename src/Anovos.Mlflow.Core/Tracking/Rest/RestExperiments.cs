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
            JsonElement response = await api.GetAsync("experiments/get-by-name", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_name", name)).ConfigureAwait(false);
            return JsonFields.Read(response, trackingUri, json => RestEntities.ReadExperiment(json.Part("experiment"), trackingUri));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc cref="ITrackingStore.GetExperimentAsync"/>
    public async Task<Experiment> GetExperimentAsync(string experimentId, CancellationToken cancellationToken)
    {
        JsonElement response = await api.GetAsync("experiments/get", ErrorKind.ExperimentNotFound, cancellationToken, ("experiment_id", experimentId)).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadExperiment(json.Part("experiment"), trackingUri));
    }

    /// <inheritdoc cref="ITrackingStore.CreateExperimentAsync"/>
    public virtual Task<string> CreateExperimentAsync(NewExperiment experiment, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            BatchRules.CheckLocation(experiment);
            try
            {
                JsonElement response = await api.PostOnceAsync(
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
                return JsonFields.Read(response, trackingUri, json => json.Id("experiment_id"));
            }
            catch (MlflowException e) when (retries > 0 && e.Kind == ErrorKind.ExperimentExists)
            {
                // The first request succeeded, but its response was lost.
                Experiment? made = await FindExperimentAsync(experiment.Name, cancellationToken).ConfigureAwait(false);
                if (made?.LifecycleStage == LifecycleStage.Active)
                    return made.ExperimentId;
                throw;
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                throw Taken(experiment.Name, e);
            }
        },
        cancellationToken);

    /// <inheritdoc cref="ITrackingStore.RenameExperimentAsync"/>
    public virtual async Task RenameExperimentAsync(string experimentId, string name, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync("update", experimentId, cancellationToken, ("new_name", name)).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.ExperimentExists || e.ErrorCode == "BAD_REQUEST")
        {
            // A server over a directory also reports this if the experiment already has that name. Then an earlier request succeeded.
            Experiment? named = await FindExperimentAsync(name, cancellationToken).ConfigureAwait(false);
            if (named?.ExperimentId == experimentId)
                return;
            if (named is not null)
                throw Taken(name, e);
            throw;
        }
    }

    /// <inheritdoc cref="ITrackingStore.SetExperimentTagAsync"/>
    public Task SetExperimentTagAsync(string experimentId, Tag tag, CancellationToken cancellationToken) =>
        ChangeAsync("set-experiment-tag", experimentId, cancellationToken, ("key", tag.Key), ("value", tag.Value));

    /// <inheritdoc cref="ITrackingStore.MoveExperimentAsync"/>
    public async Task MoveExperimentAsync(string experimentId, LifecycleStage stage, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync(stage == LifecycleStage.Deleted ? "delete" : "restore", experimentId, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentNotFound)
        {
            // The server reports the same error if the experiment already is in that stage, as after a request whose response was lost.
            if ((await GetExperimentAsync(experimentId, cancellationToken).ConfigureAwait(false)).LifecycleStage != stage)
                throw;
        }
    }

    /// <inheritdoc cref="ITrackingStore.SearchExperimentsAsync"/>
    public async Task<Page<Experiment>> SearchExperimentsAsync(ExperimentSearch search, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement response = await api.PostAsync(
            "experiments/search",
            body =>
            {
                body.WriteNumber("max_results", search.MaxResults);
                body.WriteString("view_type", RestEntities.Name(search.ViewType));
                RestEntities.WritePageToken(body, pageToken);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadPage(json, "experiments", pageToken, experiment => RestEntities.ReadExperiment(experiment, trackingUri)));
    }

    private Task ChangeAsync(string action, string experimentId, CancellationToken cancellationToken, params (string Name, string Value)[] fields) =>
        api.PostAsync(
            $"experiments/{action}",
            body =>
            {
                body.WriteString("experiment_id", experimentId);
                foreach ((string name, string value) in fields)
                    body.WriteString(name, value);
            },
            ErrorKind.ExperimentNotFound,
            cancellationToken);

    // Some stores put their SQL into the response.
    private MlflowException Taken(string name, MlflowException e) =>
        e.Rewrap($"The experiment '{name}' already exists at {trackingUri}, or is in the trash there. A deleted experiment keeps its name.", ErrorKind.ExperimentExists, name);
}
