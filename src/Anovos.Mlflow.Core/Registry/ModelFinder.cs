using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>Finds the model that a URI names.</summary>
public sealed class ModelFinder(ModelRegistry registry)
{
    private static readonly Regex ArtifactOfRun =
        new("^[a-z][a-z0-9+.-]*:/.*/(?<run>[0-9a-f]{32})/artifacts/", RegexOptions.CultureInvariant);

    // The limit for a version of a version of a version … Nobody creates such a long chain.
    private const int MostSteps = 10;
    private const int PageSize = 100;

    /// <summary>Finds the version that the URI names by number, alias or stage.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ModelNotFound"/>, <see cref="ErrorKind.ModelVersionNotFound"/>; <see cref="ErrorKind.InvalidValue"/> if the URI
    /// does not name a version.
    /// </exception>
    public async Task<ModelVersion> FindVersionAsync(ModelUri uri, CancellationToken cancellationToken)
    {
        if (uri.Name.Length == 0)
            throw new MlflowException(ErrorKind.InvalidValue, $"{uri} does not name a version of a registered model. Write models:/name/1, models:/name@alias or models:/name/latest.") { Target = uri.ToString() };
        if (uri.Alias is not null)
            return await registry.Aliases.GetAsync(uri.Name, uri.Alias, cancellationToken).ConfigureAwait(false);
        long version = uri.Version ?? await NewestAsync(uri, cancellationToken).ConfigureAwait(false);
        return await registry.Versions.GetAsync(uri.Name, version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds the files of the model that the URI names.</summary>
    public Task<ModelLocation> LocateAsync(ModelUri uri, CancellationToken cancellationToken) => LocateAsync(uri, MostSteps, cancellationToken);

    /// <summary>
    /// Describes the version that a source would create. For <c>runs:</c> and <c>models:</c> URIs, it looks up the location, the run and
    /// the logged model, as MLflow's own client does. Any other source is used as it is.
    /// </summary>
    public async Task<NewModelVersion> ResolveAsync(string name, string source, CancellationToken cancellationToken)
    {
        if (!ModelUri.IsOne(source))
            return new NewModelVersion(name, source) { RunId = await FindRunOfAsync(source, cancellationToken).ConfigureAwait(false) };
        ModelLocation location = await LocateAsync(ModelUri.Parse(source), cancellationToken).ConfigureAwait(false);
        string? runId = location.RunId.Length > 0 ? location.RunId : null;
        return location.Version is null && location.Logged is null
            ? new NewModelVersion(name, location.ArtifactUri) { RunId = runId }
            : new NewModelVersion(name, location.ModelUri) { RunId = runId, ModelId = location.Version is null ? location.Logged?.ModelId : null };
    }

    /// <summary>Finds the files that a version is to be created from.</summary>
    internal async Task<ModelLocation> LocateAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        if (ModelUri.IsOne(version.Source))
            return await LocateAsync(ModelUri.Parse(version.Source), cancellationToken).ConfigureAwait(false);
        string runId = version.RunId ?? ArtifactOfRun.Match(version.Source).Groups["run"].Value;
        var made = new ModelVersion { Name = version.Name, Version = 0, Source = version.Source, RunId = runId };
        return await InItsRunAsync(made, cancellationToken).ConfigureAwait(false)
            ?? new ModelLocation(version.Source, ModelLocation.Root(version.Source), "");
    }

    private async Task<ModelLocation> LocateAsync(ModelUri uri, int steps, CancellationToken cancellationToken)
    {
        if (steps == 0)
            throw new MlflowException(ErrorKind.ServerError, $"{uri} refers to a version that refers to another version, and so on. Gave up after {MostSteps} steps.") { Target = uri.ToString() };
        if (uri.ModelId is not null)
            return Of(await registry.Logged.GetAsync(uri.ModelId, cancellationToken).ConfigureAwait(false));
        if (uri.RunId is not null)
            return await InRunAsync(uri.RunId, uri.ArtifactPath, cancellationToken).ConfigureAwait(false);

        ModelVersion version = await FindVersionAsync(uri, cancellationToken).ConfigureAwait(false);
        if (await registry.CatalogOfAsync(version.Name, cancellationToken).ConfigureAwait(false) is { } catalog)
            return await InCatalogAsync(catalog, version, cancellationToken).ConfigureAwait(false);
        if (await InItsRunAsync(version, cancellationToken).ConfigureAwait(false) is { } inRun)
            return inRun;
        string root = await registry.Versions.GetArtifactUriAsync(version.Name, version.Version, cancellationToken).ConfigureAwait(false);
        ModelLocation location = ModelUri.IsOne(root)
            ? await LocateAsync(ModelUri.Parse(root), steps - 1, cancellationToken).ConfigureAwait(false)
            : new ModelLocation("", ModelLocation.Root(root), "");
        return location with { ModelUri = version.ModelUri, Version = version };
    }

    private static async Task<ModelLocation> InCatalogAsync(
        UnityCatalogRegistry catalog, ModelVersion version, CancellationToken cancellationToken)
    {
        string root = await catalog.Versions.GetArtifactUriAsync(version.Name, version.Version, cancellationToken).ConfigureAwait(false);
        return new ModelLocation(version.ModelUri, ModelLocation.Root(root), "")
        {
            Version = version,
            Files = () => catalog.OpenFiles(version.Name, version.Version, root),
        };
    }

    // Since 3.17, a server accepts such a source only together with the run that owns it.
    private async Task<string?> FindRunOfAsync(string source, CancellationToken cancellationToken)
    {
        if (RunIn(source) is not { } runId)
            return null;
        try
        {
            Run run = await registry.Store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
            return source.StartsWith(run.ArtifactUri.TrimEnd('/') + "/", StringComparison.Ordinal) ? run.RunId : null;
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.RunNotFound or ErrorKind.PermissionDenied)
        {
            return null;
        }
    }

    private async Task<long> NewestAsync(ModelUri uri, CancellationToken cancellationToken)
    {
        RegisteredModel model = await registry.Models.GetAsync(uri.Name, cancellationToken).ConfigureAwait(false);
        if (await registry.CatalogOfAsync(uri.Name, cancellationToken).ConfigureAwait(false) is { } catalog)
            return await NewestAsync(catalog, uri, cancellationToken).ConfigureAwait(false);
        long[] versions = [.. model.LatestVersions.Where(version => uri.Stage is null || version.Stage.Equals(uri.Stage, StringComparison.OrdinalIgnoreCase)).Select(version => version.Version)];
        return versions.Length > 0
            ? versions.Max()
            : throw NoVersion(uri);
    }

    // Its models do not list their versions.
    private static async Task<long> NewestAsync(UnityCatalogRegistry catalog, ModelUri uri, CancellationToken cancellationToken)
    {
        if (uri.Stage is not null)
            throw UnityCatalogVersions.NoStages(uri.Name, uri.Stage);
        Page<ModelVersion> versions = await catalog.Versions.SearchAsync(
            ModelFilter.VersionsOfModel(uri.Name), PageSize, null, cancellationToken).ConfigureAwait(false);
        return versions.Items.Count > 0 ? versions.Items[0].Version : throw NoVersion(uri);
    }

    private static MlflowException NoVersion(ModelUri uri)
    {
        string which = uri.Stage is null ? " yet" : $" in the stage '{uri.Stage}'";
        return new(
            ErrorKind.ModelVersionNotFound,
            $"The registered model '{uri.Name}' has no version{which}. Get-MlflowModelVersion lists its versions.")
        { Target = uri.ToString() };
    }

    private async Task<ModelLocation> InRunAsync(string runId, string path, CancellationToken cancellationToken)
    {
        Run run = await registry.Store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        var location = new ModelLocation($"runs:/{runId}/{path}", run, path);
        using IArtifactStore artifacts = ArtifactStores.Open(run, registry.Store);
        try
        {
            if ((await ArtifactTree.FindAsync(artifacts, path, cancellationToken).ConfigureAwait(false)).IsDirectory)
                return location;
            throw new MlflowException(ErrorKind.InvalidValue, $"'{path}' of run {runId} is a file, but a model is a folder. Give the folder that contains it.") { Target = path };
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            // MLflow 3 keeps a run's models beside the run, under the name that used to be the path.
            return await FindLoggedAsync(run, path, cancellationToken).ConfigureAwait(false) is { } logged ? Of(logged) : throw e.Rewrap($"Run {runId} has no artifact '{path}'. Get-MlflowArtifact lists its artifacts.", target: path);
        }
    }

    private async Task<LoggedModel?> FindLoggedAsync(Run run, string name, CancellationToken cancellationToken)
    {
        try
        {
            // A single condition, because some 3.11 servers cannot parse AND in this search.
            List<LoggedModel> models = await PageWalker.ReadAllAsync(token => registry.Logged.SearchAsync([run.ExperimentId], ModelFilter.LoggedByRun(run.RunId), PageSize, token, cancellationToken)).ConfigureAwait(false);
            return models.FirstOrDefault(model => model.Name == name);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
        {
            return null;
        }
    }

    // Presigned URLs can reach only the artifacts of a run.
    private static string? RunIn(string source) =>
        (source.StartsWith("mlflow-artifacts:", StringComparison.Ordinal) || ArtifactStores.MayBeSigned(source))
        && ArtifactOfRun.Match(source) is { Success: true } match
            ? match.Groups["run"].Value
            : null;

    // A workspace may allow access to a run's artifacts even where it denies access to the registry's own copy.
    private async Task<ModelLocation?> InItsRunAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        string? runId = version.RunId.Length > 0 ? version.RunId : RunIn(version.Source);
        if (runId is null)
            return null;
        try
        {
            Run run = await registry.Store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
            string root = run.ArtifactUri.TrimEnd('/') + "/";
            return version.Source.StartsWith(root, StringComparison.Ordinal) && version.Source.IndexOfAny(['?', '#', '%']) < 0
                ? new ModelLocation(version.ModelUri, run, ArtifactPath.Normalize(version.Source.Substring(root.Length))) { Version = version }
                : null;
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.RunNotFound or ErrorKind.PermissionDenied)
        {
            return null;
        }
    }

    private static ModelLocation Of(LoggedModel model) => new(model.ModelUri, ModelLocation.Root(model.ArtifactUri), "") { Logged = model };
}
