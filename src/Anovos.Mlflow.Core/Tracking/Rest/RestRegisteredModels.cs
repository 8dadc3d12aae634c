using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The registered models of a server (<c>registered-models/</c>).</summary>
internal sealed class RestRegisteredModels(RestApi api, string trackingUri) : IRegisteredModels
{
    /// <inheritdoc/>
    public async Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await api.GetAsync("registered-models/get", ErrorKind.ModelNotFound, cancellationToken, ("name", name)).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            throw NotFound(name, e);
        }
    }

    /// <inheritdoc/>
    public async Task<Page<RegisteredModel>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement response = await api.GetAsync(
            "registered-models/search",
            ErrorKind.ModelNotFound,
            cancellationToken,
            ("filter", SearchText.NullIfEmpty(filter)),
            ("max_results", maxResults.ToString(CultureInfo.InvariantCulture)),
            ("page_token", pageToken)).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadPage(json, "registered_models", pageToken, model => RegistryEntities.ReadModel(model, trackingUri)));
    }

    /// <inheritdoc/>
    public Task<RegisteredModel> CreateAsync(string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return Read(await api.PostOnceAsync(
                    "registered-models/create",
                    body =>
                    {
                        RegistryEntities.Fields(("name", name), ("description", description))(body);
                        RestEntities.WriteTags(body, tags);
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                // After a retry: the first request succeeded, but its response was lost.
                return retries > 0 ? await GetAsync(name, cancellationToken).ConfigureAwait(false) : throw Exists(name, e);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<RegisteredModel> DescribeAsync(string name, string description, CancellationToken cancellationToken) =>
        Read(await api.PatchAsync(
            "registered-models/update",
            RegistryEntities.Fields(("name", name), ("description", description)),
            ErrorKind.ModelNotFound,
            cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken) => api.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return Read(await api.PostOnceAsync(
                    "registered-models/rename",
                    RegistryEntities.Fields(("name", name), ("new_name", newName)),
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound && retries > 0)
            {
                // An earlier request renamed it, but its response was lost.
                return await GetAsync(newName, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ExperimentExists)
            {
                throw Exists(newName, e);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        api.DeleteAsync("registered-models/delete", RegistryEntities.Fields(("name", name)), ErrorKind.ModelNotFound, cancellationToken);

    /// <inheritdoc/>
    public Task SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) =>
        api.PostAsync(
            "registered-models/set-tag",
            RegistryEntities.Fields(("name", name), ("key", tag.Key), ("value", tag.Value)),
            ErrorKind.ModelNotFound,
            cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, string key, CancellationToken cancellationToken) =>
        api.DeleteAsync(
            "registered-models/delete-tag",
            RegistryEntities.Fields(("name", name), ("key", key)),
            ErrorKind.ModelNotFound,
            cancellationToken);

    private RegisteredModel Read(JsonElement response) =>
        JsonFields.Read(response, trackingUri, json => RegistryEntities.ReadModel(json.Part("registered_model"), trackingUri));

    // Some stores put their SQL into the response.
    private MlflowException Exists(string name, MlflowException e) =>
        e.Rewrap(RegistryErrors.ModelExists(name, trackingUri), ErrorKind.ModelExists, name);

    private MlflowException NotFound(string name, MlflowException e) =>
        e.Rewrap(RegistryErrors.NoModel(name, trackingUri), ErrorKind.ModelNotFound, name);
}
