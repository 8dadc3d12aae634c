using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The registered models of a server (<c>registered-models/</c>).</summary>
public sealed class RegisteredModels
{
    private readonly RestApi _api;
    private readonly string _trackingUri;

    internal RegisteredModels(RestApi api, string trackingUri) => (_api, _trackingUri) = (api, trackingUri);

    /// <summary>The model of that name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/></exception>
    public async Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await _api.GetAsync("registered-models/get", ErrorKind.ModelNotFound, cancellationToken, ("name", name)).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            throw NotFound(name, e);
        }
    }

    /// <summary>Whether there is a model of that name.</summary>
    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await GetAsync(name, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            return false;
        }
    }

    /// <summary>One page of models, by name.</summary>
    /// <param name="filter">MLflow's search syntax, as <c>name LIKE 'income%'</c> or <c>tags.team = 'ops'</c>; null for all.</param>
    /// <param name="maxResults">The size of a page, 1 to 1000.</param>
    /// <param name="pageToken">Null for the first.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public async Task<Page<RegisteredModel>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await _api.GetAsync(
            "registered-models/search",
            ErrorKind.ModelNotFound,
            cancellationToken,
            ("filter", filter),
            ("max_results", maxResults.ToString(CultureInfo.InvariantCulture)),
            ("page_token", pageToken)).ConfigureAwait(false);
        return JsonAnswer.Read(answer, _trackingUri, json => RestEntities.ReadPage(json, "registered_models", pageToken, model => RegistryEntities.ReadModel(model, _trackingUri)));
    }

    /// <summary>Makes a model without a version.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelExists"/></exception>
    public Task<RegisteredModel> CreateAsync(string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => _api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return Read(await _api.PostOnceAsync(
                    "registered-models/create",
                    body =>
                    {
                        body.WriteString("name", name);
                        if (description is not null)
                            body.WriteString("description", description);
                        RestEntities.WriteTags(body, tags);
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                // After a retry: the first request did its work, and its answer was lost.
                return retries > 0 ? await GetAsync(name, cancellationToken).ConfigureAwait(false) : throw Exists(name, e);
            }
        },
        cancellationToken);

    /// <summary>Changes the description.</summary>
    public async Task<RegisteredModel> DescribeAsync(string name, string description, CancellationToken cancellationToken) =>
        Read(await _api.PatchAsync(
            "registered-models/update",
            body =>
            {
                body.WriteString("name", name);
                body.WriteString("description", description);
            },
            ErrorKind.ModelNotFound,
            cancellationToken).ConfigureAwait(false));

    /// <summary>Gives the model another name; its versions go with it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>, or <see cref="ErrorKind.ModelExists"/> for the new name.</exception>
    public Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken) => _api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return Read(await _api.PostOnceAsync(
                    "registered-models/rename",
                    body =>
                    {
                        body.WriteString("name", name);
                        body.WriteString("new_name", newName);
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound && retries > 0)
            {
                // Renamed with the request whose answer was lost.
                return await GetAsync(newName, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                throw Exists(newName, e);
            }
        },
        cancellationToken);

    /// <summary>Removes the model with all its versions, aliases and tags. The files of the versions stay where they are.</summary>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        _api.DeleteAsync("registered-models/delete", body => body.WriteString("name", name), ErrorKind.ModelNotFound, cancellationToken);

    /// <summary>Sets a tag.</summary>
    public Task SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) =>
        _api.PostAsync(
            "registered-models/set-tag",
            body =>
            {
                body.WriteString("name", name);
                body.WriteString("key", tag.Key);
                body.WriteString("value", tag.Value);
            },
            ErrorKind.ModelNotFound,
            cancellationToken);

    /// <summary>Removes a tag; MLflow takes one that is not there for removed.</summary>
    public Task DeleteTagAsync(string name, string key, CancellationToken cancellationToken) =>
        _api.DeleteAsync(
            "registered-models/delete-tag",
            body =>
            {
                body.WriteString("name", name);
                body.WriteString("key", key);
            },
            ErrorKind.ModelNotFound,
            cancellationToken);

    private RegisteredModel Read(JsonElement answer) =>
        JsonAnswer.Read(answer, _trackingUri, json => RegistryEntities.ReadModel(json.Part("registered_model"), _trackingUri));

    // Some stores answer with their SQL.
    private MlflowException Exists(string name, MlflowException e) =>
        new(ErrorKind.ModelExists, $"There is a registered model '{name}' at {_trackingUri} already. New-MlflowModelVersion gives it another version.", e) { Target = name, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };

    private MlflowException NotFound(string name, MlflowException e) =>
        new(ErrorKind.ModelNotFound, $"There is no registered model '{name}' at {_trackingUri}. Get-MlflowRegisteredModel lists those there are.", e) { Target = name, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
}
