using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The registered models of Unity Catalog. A search returns neither tags nor aliases, and supports no filters.</summary>
internal sealed class UnityCatalogModels(UnityCatalogApi api) : IRegisteredModels
{
    /// <inheritdoc/>
    public async Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return Read(
                await api.GetAsync("registered-models/get", name, ErrorKind.ModelNotFound, cancellationToken).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            throw e.Rewrap(RegistryErrors.NoModel(name, api.TrackingUri), ErrorKind.ModelNotFound, name);
        }
    }

    /// <inheritdoc/>
    public async Task<Page<RegisteredModel>> SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        // The workspace stores prompts separately.
        if (filter == ModelFilter.Prompts)
            return new Page<RegisteredModel>([], null);
        if (SearchText.NullIfEmpty(filter) is { } text)
        {
            throw new MlflowException(
                ErrorKind.NotSupported,
                $"Unity Catalog cannot search for models with a filter, here \"{text}\". Give names, which may contain wildcards: "
                + "Get-MlflowRegisteredModel main.default.*")
            { Target = text };
        }

        JsonElement response = await api.GetAsync(
            "registered-models/search",
            name: null,
            ErrorKind.ModelNotFound,
            cancellationToken,
            ("max_results", maxResults.ToString(CultureInfo.InvariantCulture)),
            ("page_token", pageToken)).ConfigureAwait(false);
        return api.Read(response, json => RestEntities.ReadPage(
            json, "registered_models", pageToken, model => api.ReadModel(model)));
    }

    /// <inheritdoc/>
    public Task<RegisteredModel> CreateAsync(
        string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => api.Workspace.Retrier.RunAsync(
        async retries =>
        {
            try
            {
                return Read(await api.PostOnceAsync(
                    "registered-models/create",
                    name,
                    body =>
                    {
                        RegistryEntities.Fields(("description", description))(body);
                        RestEntities.WriteTags(body, CatalogTags.Write(tags));
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ModelExists)
            {
                // After a retry: the first request created it, and its response was lost.
                return retries > 0 ? await GetAsync(name, cancellationToken).ConfigureAwait(false) : throw Exists(name, e);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<RegisteredModel> DescribeAsync(string name, string description, CancellationToken cancellationToken) =>
        Read(await api.PatchAsync(
            "registered-models/update", name, ErrorKind.ModelNotFound, cancellationToken, ("description", description))
                .ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken)
    {
        UnityCatalogName.Parse(newName);
        try
        {
            return Read(await api.PatchAsync(
                "registered-models/update", name, ErrorKind.ModelNotFound, cancellationToken, ("new_name", newName)).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelExists)
        {
            throw Exists(newName, e);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) =>
        api.DeleteAsync("registered-models/delete", name, ErrorKind.ModelNotFound, cancellationToken);

    /// <inheritdoc/>
    public Task SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) => api.PostAsync(
        "registered-models/set-tag", name, ErrorKind.ModelNotFound, cancellationToken, ("key", CatalogTags.Key(tag.Key)),
            ("value", tag.Value));

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, string key, CancellationToken cancellationToken) =>
        api.DeleteAsync("registered-models/delete-tag", name, ErrorKind.ModelNotFound, cancellationToken, ("key", CatalogTags.Key(key)));

    private RegisteredModel Read(JsonElement response) =>
        api.Read(response, json => api.ReadModel(json.Part("registered_model")));

    private MlflowException Exists(string name, MlflowException e) =>
        e.Rewrap(RegistryErrors.ModelExists(name, api.TrackingUri), ErrorKind.ModelExists, name);
}
