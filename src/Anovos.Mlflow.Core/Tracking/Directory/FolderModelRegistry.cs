namespace Anovos.Mlflow.Tracking;

/// <summary>Reads the registry of MLflow's own file store, as a source of copies. Every member that would change it throws.</summary>
internal sealed class FolderModelRegistry(ModelFolders folders, string trackingUri)
    : IModelRegistry, IListsAllVersions, IRegisteredModels, IModelVersions, IModelAliases
{
    /// <inheritdoc/>
    public string TrackingUri => trackingUri;

    /// <inheritdoc/>
    public IRegisteredModels Models => this;

    /// <inheritdoc/>
    public IModelVersions Versions => this;

    /// <inheritdoc/>
    public IModelAliases Aliases => this;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ModelVersion>> ListAllAsync(string name, CancellationToken cancellationToken) =>
        Task.Run(() => folders.Versions(Get(name, cancellationToken), cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task<RegisteredModel> IRegisteredModels.GetAsync(string name, CancellationToken cancellationToken) =>
        Task.Run(() => Get(name, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    Task<Page<RegisteredModel>> IRegisteredModels.SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            // The copier needs only this filter. Without it, prompts are not listed, as in MLflow.
            bool wantsPrompts = SearchText.NullIfEmpty(filter) switch
            {
                null => false,
                ModelFilter.Prompts => true,
                _ => throw NotSupported(),
            };
            List<RegisteredModel> found =
                [.. folders.List(cancellationToken).Where(model => ModelFilter.IsPrompt(model.Tags) == wantsPrompts)];
            return OffsetToken.Page(found, OffsetToken.Offset(pageToken, maxResults), maxResults);
        }, cancellationToken);

    /// <inheritdoc/>
    async Task<ModelVersion> IModelVersions.GetAsync(string name, long version, CancellationToken cancellationToken) =>
        (await ListAllAsync(name, cancellationToken).ConfigureAwait(false)).FirstOrDefault(
            one => one.Version == version && one.Stage != ModelVersion.DeletedStage)
        ?? throw new MlflowException(
            ErrorKind.ModelVersionNotFound, RegistryErrors.NoVersion(name, version, trackingUri))
        { Target = name };

    /// <inheritdoc/>
    async Task<string> IModelVersions.GetArtifactUriAsync(string name, long version, CancellationToken cancellationToken)
    {
        ModelVersion found = await Versions.GetAsync(name, version, cancellationToken).ConfigureAwait(false);
        return found.StorageLocation.Length > 0 ? found.StorageLocation : found.Source;
    }

    /// <inheritdoc/>
    async Task<ModelVersion> IModelAliases.GetAsync(string name, string alias, CancellationToken cancellationToken)
    {
        RegisteredModel model = await Models.GetAsync(name, cancellationToken).ConfigureAwait(false);
        return model.Aliases.TryGetValue(alias, out long version)
            ? await Versions.GetAsync(name, version, cancellationToken).ConfigureAwait(false)
            : throw new MlflowException(ErrorKind.ModelVersionNotFound, RegistryErrors.NoAlias(name, alias)) { Target = alias };
    }

    Task<Page<ModelVersion>> IModelVersions.SearchAsync(
        string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken) => throw NotSupported();

    Task<RegisteredModel> IRegisteredModels.CreateAsync(
        string name, string? description, IReadOnlyList<Tag> tags, CancellationToken cancellationToken) => throw NotSupported();

    Task<RegisteredModel> IRegisteredModels.DescribeAsync(string name, string description, CancellationToken cancellationToken) =>
        throw NotSupported();

    Task<RegisteredModel> IRegisteredModels.RenameAsync(string name, string newName, CancellationToken cancellationToken) =>
        throw NotSupported();

    Task IRegisteredModels.DeleteAsync(string name, CancellationToken cancellationToken) => throw NotSupported();

    Task IRegisteredModels.SetTagAsync(string name, Tag tag, CancellationToken cancellationToken) => throw NotSupported();

    Task IRegisteredModels.DeleteTagAsync(string name, string key, CancellationToken cancellationToken) => throw NotSupported();

    Task<ModelVersion> IModelVersions.CreateAsync(NewModelVersion version, CancellationToken cancellationToken) => throw NotSupported();

    Task IModelVersions.DescribeAsync(string name, long version, string description, CancellationToken cancellationToken) =>
        throw NotSupported();

    Task IModelVersions.MoveAsync(string name, long version, string stage, bool archiveOthers, CancellationToken cancellationToken) =>
        throw NotSupported();

    Task IModelVersions.SetTagAsync(string name, long version, Tag tag, CancellationToken cancellationToken) => throw NotSupported();

    Task IModelVersions.DeleteTagAsync(string name, long version, string key, CancellationToken cancellationToken) => throw NotSupported();

    Task IModelVersions.DeleteAsync(string name, long version, CancellationToken cancellationToken) => throw NotSupported();

    Task IModelAliases.SetAsync(string name, string alias, long version, CancellationToken cancellationToken) => throw NotSupported();

    Task IModelAliases.DeleteAsync(string name, string alias, CancellationToken cancellationToken) => throw NotSupported();

    private RegisteredModel Get(string name, CancellationToken cancellationToken) =>
        folders.List(cancellationToken).FirstOrDefault(model => model.Name == name)
        ?? throw new MlflowException(ErrorKind.ModelNotFound, RegistryErrors.NoModel(name, trackingUri)) { Target = name };

    private MlflowException NotSupported() =>
        new(ErrorKind.NotSupported, RegistryErrors.FolderHasNone(trackingUri)) { Target = trackingUri };
}
