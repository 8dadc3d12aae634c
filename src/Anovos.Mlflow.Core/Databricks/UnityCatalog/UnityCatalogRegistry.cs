using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>The model registry of Unity Catalog, accessed through a workspace.</summary>
internal sealed class UnityCatalogRegistry : IListsAllVersions
{
    private const int Together = 8;

    private readonly UnityCatalogVersions _versions;

    /// <param name="api">The endpoints.</param>
    /// <param name="openSource">Opens the source files of a version.</param>
    public UnityCatalogRegistry(UnityCatalogApi api, Func<NewModelVersion, CancellationToken, Task<IArtifactStore>> openSource)
    {
        TrackingUri = api.TrackingUri;
        Models = new UnityCatalogModels(api);
        _versions = new UnityCatalogVersions(api, openSource);
        Aliases = new UnityCatalogAliases(api);
    }

    /// <inheritdoc/>
    public string TrackingUri { get; }

    /// <inheritdoc/>
    public IRegisteredModels Models { get; }

    /// <inheritdoc/>
    public IModelVersions Versions => _versions;

    /// <inheritdoc/>
    public IModelAliases Aliases { get; }

    /// <inheritdoc cref="UnityCatalogVersions.OpenFiles"/>
    public IArtifactStore OpenFiles(string name, long version, string location) => _versions.OpenFiles(name, version, location);

    /// <summary>Returns all versions of a model with their tags and aliases, which a search leaves out.</summary>
    public async Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelVersion> found = (await _versions.SearchAsync(
            ModelFilter.VersionsOfModel(name), 1, null, cancellationToken).ConfigureAwait(false)).Items;
        var whole = new ModelVersion[found.Count];
        await ParallelWork.RunAsync(
            [.. Enumerable.Range(0, found.Count)],
            Together,
            async (index, stop) => whole[index] = await _versions.GetAsync(name, found[index].Version, stop).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return [.. whole.OrderBy(version => version.Version)];
    }
}
