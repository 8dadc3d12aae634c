using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The versions of registered models (<c>model-versions/</c>).</summary>
public sealed class ModelVersions
{
    private const int PageSize = 1000;

    private readonly RestApi _api;
    private readonly string _trackingUri;

    internal ModelVersions(RestApi api, string trackingUri) => (_api, _trackingUri) = (api, trackingUri);

    /// <summary>The filter for the versions of a model.</summary>
    public static string OfModel(string name) => $"name = {RegistryEntities.Quote(name)}";

    /// <summary>The filter for the versions that a run made.</summary>
    public static string OfRun(string runId) => $"run_id = {RegistryEntities.Quote(runId)}";

    /// <summary>A version by its number.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelVersionNotFound"/></exception>
    public async Task<ModelVersion> GetAsync(string name, long version, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await _api.GetAsync("model-versions/get", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("version", Text(version))).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelVersionNotFound)
        {
            throw new MlflowException(e.Kind, $"There is no version {Text(version)} of a registered model '{name}' at {_trackingUri}. Get-MlflowModelVersion lists those there are.", e) { Target = $"models:/{name}/{Text(version)}", ErrorCode = e.ErrorCode, StatusCode = e.StatusCode };
        }
    }

    /// <summary>One page of versions, the newest of a model first.</summary>
    /// <param name="filter">MLflow's search syntax, as <c>name = 'income'</c> or <c>run_id = '…'</c>; null for all.</param>
    /// <param name="maxResults">The size of a page.</param>
    /// <param name="pageToken">Null for the first.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public async Task<Page<ModelVersion>> SearchAsync(string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        JsonElement answer = await _api.GetAsync(
            "model-versions/search",
            ErrorKind.ModelNotFound,
            cancellationToken,
            ("filter", filter),
            ("max_results", maxResults.ToString(CultureInfo.InvariantCulture)),
            ("order_by", "version_number DESC"),
            ("page_token", pageToken)).ConfigureAwait(false);
        return JsonAnswer.Read(answer, _trackingUri, json => RestEntities.ReadPage(json, "model_versions", pageToken, version => RegistryEntities.ReadVersion(version, _trackingUri)));
    }

    /// <summary>Makes a version, once: one that was made by a request whose answer was lost is found again by its tag.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for a source that the server refuses.</exception>
    public Task<ModelVersion> CreateAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        string request = Guid.NewGuid().ToString("N");
        Tag[] tags = [.. version.Tags, new Tag(RestStore.RequestTag, request)];
        return _api.Retrier.RunAsync(
            async retries =>
            {
                if (retries > 0 && await FindByRequestAsync(version.Name, request, cancellationToken).ConfigureAwait(false) is { } made)
                    return made;
                return Read(await _api.PostOnceAsync(
                    "model-versions/create",
                    body =>
                    {
                        body.WriteString("name", version.Name);
                        body.WriteString("source", version.Source);
                        if (version.RunId is { Length: > 0 })
                            body.WriteString("run_id", version.RunId);
                        if (version.ModelId is { Length: > 0 })
                            body.WriteString("model_id", version.ModelId);
                        if (version.Description is not null)
                            body.WriteString("description", version.Description);
                        RestEntities.WriteTags(body, tags);
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false));
            },
            cancellationToken);
    }

    /// <summary>Changes the description.</summary>
    public Task DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) =>
        _api.PatchAsync("model-versions/update", Fields(name, version, ("description", description)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <summary>Moves the version to a stage.</summary>
    /// <param name="name">The registered model.</param>
    /// <param name="version">The version.</param>
    /// <param name="stage"><c>None</c>, <c>Staging</c>, <c>Production</c> or <c>Archived</c>.</param>
    /// <param name="archiveOthers">Whether the versions that are there go to <c>Archived</c>.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public Task MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken) =>
        _api.PostAsync(
            "model-versions/transition-stage",
            body =>
            {
                Fields(name, version, ("stage", stage))(body);
                body.WriteBoolean("archive_existing_versions", archiveOthers);
            },
            ErrorKind.ModelVersionNotFound,
            cancellationToken);

    /// <summary>Sets a tag.</summary>
    public Task SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) =>
        _api.PostAsync("model-versions/set-tag", Fields(name, version, ("key", tag.Key), ("value", tag.Value)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <summary>Removes a tag; MLflow takes one that is not there for removed.</summary>
    public Task DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken) =>
        _api.DeleteAsync("model-versions/delete-tag", Fields(name, version, ("key", key)), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <summary>Removes the version from the registry. Its files stay where they are.</summary>
    public Task DeleteAsync(string name, long version, CancellationToken cancellationToken) =>
        _api.DeleteAsync("model-versions/delete", Fields(name, version), ErrorKind.ModelVersionNotFound, cancellationToken);

    /// <summary>The URI of the version's files, as the server has it.</summary>
    public async Task<string> GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken)
    {
        JsonElement answer = await _api.GetAsync("model-versions/get-download-uri", ErrorKind.ModelVersionNotFound, cancellationToken, ("name", name), ("version", Text(version))).ConfigureAwait(false);
        return JsonAnswer.Read(answer, _trackingUri, json => json.Id("artifact_uri"));
    }

    // By name alone: not every server can search for tags.
    private async Task<ModelVersion?> FindByRequestAsync(string name, string request, CancellationToken cancellationToken)
    {
        string filter = OfModel(name);
        List<ModelVersion> all = await PageTokens.ReadAllAsync(pageToken => SearchAsync(filter, PageSize, pageToken, cancellationToken)).ConfigureAwait(false);
        return all.FirstOrDefault(version => version.Tags.TryGetValue(RestStore.RequestTag, out string? tag) && tag == request);
    }

    private static Action<Utf8JsonWriter> Fields(string name, long version, params (string Name, string Value)[] more) => body =>
    {
        body.WriteString("name", name);
        body.WriteString("version", Text(version));
        foreach ((string field, string value) in more)
            body.WriteString(field, value);
    };

    private ModelVersion Read(JsonElement answer) =>
        JsonAnswer.Read(answer, _trackingUri, json => RegistryEntities.ReadVersion(json.Part("model_version"), _trackingUri));

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);
}
