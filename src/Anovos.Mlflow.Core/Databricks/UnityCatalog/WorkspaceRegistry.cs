using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Combines both model registries of a workspace. A name of three parts belongs to Unity Catalog. Any other name, and a search for all
/// models, uses the workspace's default registry.
/// </summary>
internal sealed class WorkspaceRegistry(IModelRegistry own, UnityCatalogRegistry catalog, DefaultRegistry standard)
    : IListsAllVersions, IRegisteredModels, IModelVersions, IModelAliases
{
    private const int PageSize = 1000;

    /// <inheritdoc/>
    public string TrackingUri => own.TrackingUri;

    /// <inheritdoc/>
    public IRegisteredModels Models => this;

    /// <inheritdoc/>
    public IModelVersions Versions => this;

    /// <inheritdoc/>
    public IModelAliases Aliases => this;

    /// <summary>Returns Unity Catalog's registry for a model; null if the model is in the workspace's own registry.</summary>
    public async Task<UnityCatalogRegistry?> CatalogOfAsync(string name, CancellationToken cancellationToken) =>
        await OfAsync(name, cancellationToken).ConfigureAwait(false) as UnityCatalogRegistry;

    async Task<RegisteredModel> IRegisteredModels.GetAsync(string name, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false)).GetAsync(name, cancellationToken).ConfigureAwait(false);

    async Task<Page<RegisteredModel>> IRegisteredModels.SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken) =>
        await (await ModelsOf(null, cancellationToken).ConfigureAwait(false))
            .SearchAsync(filter, maxResults, pageToken, cancellationToken).ConfigureAwait(false);

    async Task<RegisteredModel> IRegisteredModels.CreateAsync(
        string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false))
            .CreateAsync(name, description, tags, cancellationToken).ConfigureAwait(false);

    async Task<RegisteredModel> IRegisteredModels.DescribeAsync(string name, string description, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false))
            .DescribeAsync(name, description, cancellationToken).ConfigureAwait(false);

    async Task<RegisteredModel> IRegisteredModels.RenameAsync(string name, string newName, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false))
            .RenameAsync(name, newName, cancellationToken).ConfigureAwait(false);

    async Task IRegisteredModels.DeleteAsync(string name, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false)).DeleteAsync(name, cancellationToken).ConfigureAwait(false);

    async Task IRegisteredModels.SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false)).SetTagAsync(name, tag, cancellationToken)
            .ConfigureAwait(false);

    async Task IRegisteredModels.DeleteTagAsync(string name, string key, CancellationToken cancellationToken) =>
        await (await ModelsOf(name, cancellationToken).ConfigureAwait(false))
            .DeleteTagAsync(name, key, cancellationToken).ConfigureAwait(false);

    async Task<ModelVersion> IModelVersions.GetAsync(string name, long version, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .GetAsync(name, version, cancellationToken).ConfigureAwait(false);

    async Task<Page<ModelVersion>> IModelVersions.SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken) =>
        await (await VersionsOf(UnityCatalogVersions.ModelOf(filter), cancellationToken).ConfigureAwait(false))
            .SearchAsync(filter, maxResults, pageToken, cancellationToken).ConfigureAwait(false);

    async Task<ModelVersion> IModelVersions.CreateAsync(NewModelVersion version, CancellationToken cancellationToken) =>
        await (await VersionsOf(version.Name, cancellationToken).ConfigureAwait(false))
            .CreateAsync(version, cancellationToken).ConfigureAwait(false);

    async Task IModelVersions.DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .DescribeAsync(name, version, description, cancellationToken).ConfigureAwait(false);

    async Task IModelVersions.MoveAsync(
        string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .MoveAsync(name, version, stage, archiveOthers, cancellationToken).ConfigureAwait(false);

    async Task IModelVersions.SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .SetTagAsync(name, version, tag, cancellationToken).ConfigureAwait(false);

    async Task IModelVersions.DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .DeleteTagAsync(name, version, key, cancellationToken).ConfigureAwait(false);

    async Task IModelVersions.DeleteAsync(string name, long version, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .DeleteAsync(name, version, cancellationToken).ConfigureAwait(false);

    async Task<string> IModelVersions.GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken) =>
        await (await VersionsOf(name, cancellationToken).ConfigureAwait(false))
            .GetArtifactUriAsync(name, version, cancellationToken).ConfigureAwait(false);

    async Task<ModelVersion> IModelAliases.GetAsync(string name, string alias, CancellationToken cancellationToken) =>
        await (await OfAsync(name, cancellationToken).ConfigureAwait(false)).Aliases
            .GetAsync(name, alias, cancellationToken).ConfigureAwait(false);

    async Task IModelAliases.SetAsync(string name, string alias, long version, CancellationToken cancellationToken) =>
        await (await OfAsync(name, cancellationToken).ConfigureAwait(false)).Aliases
            .SetAsync(name, alias, version, cancellationToken).ConfigureAwait(false);

    async Task IModelAliases.DeleteAsync(string name, string alias, CancellationToken cancellationToken) =>
        await (await OfAsync(name, cancellationToken).ConfigureAwait(false)).Aliases
            .DeleteAsync(name, alias, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken)
    {
        if (await CatalogOfAsync(name, cancellationToken).ConfigureAwait(false) is { } there)
            return await there.ListAllAsync(name, cancellationToken).ConfigureAwait(false);
        List<ModelVersion> found = await PageWalker.ReadAllAsync(token => own.Versions.SearchAsync(
            ModelFilter.VersionsOfModel(name), PageSize, token, cancellationToken)).ConfigureAwait(false);
        return [.. found.OrderBy(version => version.Version)];
    }

    private async Task<IModelRegistry> OfAsync(string? name, CancellationToken cancellationToken) =>
        (name is not null && UnityCatalogName.IsOne(name)) || await standard.IsUnityCatalogAsync(cancellationToken).ConfigureAwait(false)
            ? catalog
            : own;

    private async Task<IRegisteredModels> ModelsOf(string? name, CancellationToken cancellationToken) =>
        (await OfAsync(name, cancellationToken).ConfigureAwait(false)).Models;

    private async Task<IModelVersions> VersionsOf(string? name, CancellationToken cancellationToken) =>
        (await OfAsync(name, cancellationToken).ConfigureAwait(false)).Versions;
}
