using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The versions of Unity Catalog's registered models. The catalog stores a version's files itself, so creating a version uploads them.
/// </summary>
/// <param name="api">The endpoints.</param>
/// <param name="openSource">Opens the source files of a version, after checking that Unity Catalog accepts the model.</param>
internal sealed class UnityCatalogVersions(
    UnityCatalogApi api, Func<NewModelVersion, CancellationToken, Task<IArtifactStore>> openSource) : IModelVersions
{
    private const int PageSize = 1000;

    // A version left behind by a lost response may appear this much older than its request, because the clocks differ.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private static readonly Regex OfModel = new(
        @"^\s*name\s*=\s*(?:'(?<name>[^']*)'|""(?<name>[^""]*)"")\s*\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    /// <inheritdoc/>
    public async Task<ModelVersion> GetAsync(string name, long version, CancellationToken cancellationToken)
    {
        try
        {
            return Read(await api.GetAsync(
                "model-versions/get", name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(version)))
                    .ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelVersionNotFound)
        {
            throw e.Rewrap(RegistryErrors.NoVersion(name, version, api.TrackingUri), target: $"models:/{name}/{Text(version)}");
        }
    }

    /// <summary>Returns all versions of a model in one page: Unity Catalog documents no order of its pages.</summary>
    public async Task<Page<ModelVersion>> SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        if (ModelOf(filter) is not { } name)
        {
            throw new MlflowException(
                ErrorKind.NotSupported,
                $"Unity Catalog can search for versions only by the name of their model, not by \"{filter}\". Name the model: "
                + "Get-MlflowModelVersion main.default.income")
            { Target = filter };
        }

        UnityCatalogName.Parse(name);
        List<ModelVersion> versions = await PageWalker.ReadAllAsync(async token =>
        {
            JsonElement response = await api.GetAsync(
                "model-versions/search",
                name: null,
                ErrorKind.ModelNotFound,
                cancellationToken,
                ("filter", $"name = '{name.Replace("'", "''")}'"),
                ("max_results", PageSize.ToString(CultureInfo.InvariantCulture)),
                ("page_token", token)).ConfigureAwait(false);
            return api.Read(response, json => RestEntities.ReadPage(
                json, "model_versions", token, version => api.ReadVersion(version)));
        }).ConfigureAwait(false);
        return new Page<ModelVersion>([.. versions.OrderByDescending(version => version.Version)], null);
    }

    /// <summary>
    /// Creates a version: registers it as pending, uploads its files and finalizes it. An incomplete version is removed.
    /// </summary>
    public async Task<ModelVersion> CreateAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        UnityCatalogName.Parse(version.Name);
        using IArtifactStore source = await openSource(version, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(
            source, "", ParallelWork.DefaultParallelism, cancellationToken).ConfigureAwait(false);
        (ModelVersion made, string location) = await RegisterAsync(version, cancellationToken).ConfigureAwait(false);
        try
        {
            using var target = new VersionFiles(api, made.Name, made.Version, location, writes: true);
            await ParallelWork.RunAsync(
                files,
                target.Concurrency,
                ParallelWork.DefaultParallelism,
                async (file, stop) =>
                {
                    var from = new StoredSource(source, version.Source, new Artifact(file.ArtifactPath, IsDirectory: false, file.Length));
                    await target.SendAsync(from, file.ArtifactPath, _ => { }, stop).ConfigureAwait(false);
                    return file.Length;
                },
                cancellationToken).ConfigureAwait(false);
            return Read(await api.PostAsync(
                "model-versions/finalize", made.Name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(made.Version)))
                .ConfigureAwait(false));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            string then = await TryRemoveAsync(made).ConfigureAwait(false);
            if (e is MlflowException failed)
                throw failed.Rewrap($"Not all files of {made.ModelUri} were uploaded: {failed.Message} {then}", target: made.ModelUri);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) => api.PatchAsync(
        "model-versions/update",
        name,
        ErrorKind.ModelVersionNotFound,
        cancellationToken,
        ("version", Text(version)),
        ("description", description));

    /// <inheritdoc/>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/>: Unity Catalog has no stages.</exception>
    public Task MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken) =>
        throw NoStages(name, stage);

    /// <inheritdoc/>
    public Task SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) => api.PostAsync(
        "model-versions/set-tag",
        name,
        ErrorKind.ModelVersionNotFound,
        cancellationToken,
        ("version", Text(version)),
        ("key", CatalogTags.Key(tag.Key)),
        ("value", tag.Value));

    /// <inheritdoc/>
    public Task DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken) => api.DeleteAsync(
        "model-versions/delete-tag", name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(version)),
            ("key", CatalogTags.Key(key)));

    /// <inheritdoc/>
    public Task DeleteAsync(string name, long version, CancellationToken cancellationToken) =>
        api.DeleteAsync("model-versions/delete", name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(version)));

    /// <inheritdoc/>
    public async Task<string> GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken)
    {
        JsonElement response = await api.GetAsync(
            "model-versions/get-download-uri", name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(version)))
            .ConfigureAwait(false);
        return api.Read(response, json => json.Id("artifact_uri"));
    }

    /// <summary>Opens the files of a version for reading.</summary>
    /// <param name="name">The model.</param>
    /// <param name="version">The version.</param>
    /// <param name="location">The URI of its files.</param>
    public IArtifactStore OpenFiles(string name, long version, string location) =>
        new VersionFiles(api, name, version, location, writes: false);

    /// <summary>The model that a filter of versions names; null for any other filter.</summary>
    internal static string? ModelOf(string? filter) => filter is not null && OfModel.Match(filter) is { Success: true } match
        ? match.Groups["name"].Value
        : null;

    /// <summary>Creates the error that Unity Catalog has no stages.</summary>
    internal static MlflowException NoStages(string name, string stage) => new(
        ErrorKind.NotSupported,
        $"Unity Catalog has no stages, so no version of '{name}' can be in '{stage}'. Use an alias: Set-MlflowModelAlias {name} "
        + $"{stage.ToLowerInvariant()} <version>, and models:/{name}@{stage.ToLowerInvariant()}.")
    { Target = name };

    private async Task<(ModelVersion Version, string Location)> RegisterAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        DateTimeOffset start = DateTimeOffset.UtcNow - ClockSkew;
        JsonElement response = await api.Workspace.Retrier.RunAsync(
            async retries =>
            {
                // The request is not idempotent: after a lost response, the version is found by its source and run.
                if (retries > 0 && await FindPendingAsync(version, start, cancellationToken).ConfigureAwait(false) is { } lost)
                    return lost;
                return await api.PostOnceAsync(
                    "model-versions/create",
                    version.Name,
                    body =>
                    {
                        RegistryEntities.Fields(
                            ("source", version.Source),
                            ("run_id", version.RunId),
                            ("description", version.Description),
                            ("model_id", version.ModelId))(body);
                        RestEntities.WriteTags(body, CatalogTags.Write(version.Tags));
                    },
                    ErrorKind.ModelNotFound,
                    cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return (Read(response), api.Read(response, json => json.Part("model_version").Text("storage_location")));
    }

    private async Task<JsonElement?> FindPendingAsync(NewModelVersion version, DateTimeOffset start, CancellationToken cancellationToken)
    {
        Page<ModelVersion> all = await SearchAsync(
            ModelFilter.VersionsOfModel(version.Name), PageSize, null, cancellationToken).ConfigureAwait(false);
        ModelVersion? found = all.Items.FirstOrDefault(one => one.Status == "PENDING_REGISTRATION"
            && one.Source == version.Source
            && one.RunId == (version.RunId ?? "")
            && one.CreationTime >= start);
        return found is null
            ? null
            : await api.GetAsync(
                "model-versions/get", found.Name, ErrorKind.ModelVersionNotFound, cancellationToken, ("version", Text(found.Version)))
                .ConfigureAwait(false);
    }

    // Also called after a cancellation, so it has its own timeout.
    private async Task<string> TryRemoveAsync(ModelVersion made)
    {
        using var time = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await DeleteAsync(made.Name, made.Version, time.Token).ConfigureAwait(false);
            return "The version was removed.";
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            return $"The version is still pending: remove it with Remove-MlflowModelVersion {made.Name} {Text(made.Version)}.";
        }
    }

    private ModelVersion Read(JsonElement response) =>
        api.Read(response, json => api.ReadVersion(json.Part("model_version")));

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);
}
