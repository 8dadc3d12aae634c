using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>The versions of registered models on a server (<c>model-versions/</c>).</summary>
internal sealed class RestModelVersions(RestApi api, string trackingUri) : IModelVersions
{
    private const int PageSize = 1000;

    /// <inheritdoc/>
    public async Task<ModelVersion> GetAsync(string name, long version, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await api.GetAsync("model-versions/get", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("version", Text(version))).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelVersionNotFound)
        {
            throw e.Rewrap(RegistryErrors.NoVersion(name, version, trackingUri), target: $"models:/{name}/{Text(version)}");
        }
    }

    /// <inheritdoc/>
    public async Task<Page<ModelVersion>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement response = await api.GetAsync(
            "model-versions/search",
            ErrorKind.ModelNotFound,
            cancellationToken,
            ("filter", SearchText.NullIfEmpty(filter)),
            ("max_results", maxResults.ToString(CultureInfo.InvariantCulture)),
            ("order_by", "version_number DESC"),
            ("page_token", pageToken)).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => RestEntities.ReadPage(json, "model_versions", pageToken, version => RegistryEntities.ReadVersion(version, trackingUri)));
    }

    /// <inheritdoc/>
    public Task<ModelVersion> CreateAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        string request = Guid.NewGuid().ToString("N");
        Tag[] tags = [.. version.Tags, new Tag(RestStore.IdempotencyKeyTag, request)];
        return api.Retrier.RunAsync(
            async retries =>
            {
                if (retries > 0 && await FindByRequestAsync(version.Name, request, cancellationToken).ConfigureAwait(false) is { } made)
                    return made;
                return Read(await api.PostOnceAsync(
                    "model-versions/create",
                    body =>
                    {
                        RegistryEntities.Fields(
                            ("name", version.Name),
                            ("source", version.Source),
                            ("run_id", version.RunId is { Length: > 0 } run ? run : null),
                            ("model_id", version.ModelId is { Length: > 0 } model ? model : null),
                            ("description", version.Description))(body);
                        RestEntities.WriteTags(body, tags);
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) =>
        api.PatchAsync("model-versions/update", Fields(name, version, ("description", description)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <inheritdoc/>
    public Task MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken) =>
        api.PostAsync(
            "model-versions/transition-stage",
            body =>
            {
                Fields(name, version, ("stage", stage))(body);
                body.WriteBoolean("archive_existing_versions", archiveOthers);
            },
            ErrorKind.ModelVersionNotFound,
            cancellationToken);

    /// <inheritdoc/>
    public Task SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) =>
        api.PostAsync("model-versions/set-tag", Fields(name, version, ("key", tag.Key), ("value", tag.Value)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken) =>
        api.DeleteAsync("model-versions/delete-tag", Fields(name, version, ("key", key)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(string name, long version, CancellationToken cancellationToken) =>
        api.DeleteAsync("model-versions/delete", Fields(name, version), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <inheritdoc/>
    public async Task<string> GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken)
    {
        JsonElement response = await api.GetAsync("model-versions/get-download-uri", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("version", Text(version))).ConfigureAwait(false);
        return JsonFields.Read(response, trackingUri, json => json.Id("artifact_uri"));
    }

    // Filters by name only: not every server can search by tags.
    private async Task<ModelVersion?> FindByRequestAsync(string name, string request, CancellationToken cancellationToken)
    {
        string filter = ModelFilter.VersionsOfModel(name);
        List<ModelVersion> all = await PageWalker.ReadAllAsync(pageToken => SearchAsync(filter, PageSize, pageToken, cancellationToken)).ConfigureAwait(false);
        return all.FirstOrDefault(version => version.Tags.TryGetValue(RestStore.IdempotencyKeyTag, out string? tag) && tag == request);
    }

    private static Action<Utf8JsonWriter> Fields(string name, long version, params (string Name, string? Value)[] more) =>
        RegistryEntities.Fields([("name", name), ("version", Text(version)), .. more]);

    private ModelVersion Read(JsonElement response) =>
        JsonFields.Read(response, trackingUri, json => RegistryEntities.ReadVersion(json.Part("model_version"), trackingUri));

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);
}
