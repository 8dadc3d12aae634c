using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The model registry that belongs to a tracking store, with the logged models that MLflow 3 keeps there.</summary>
public sealed class ModelRegistry : IModelRegistry
{
    private readonly IModelRegistry _registry;

    private ModelRegistry(ITrackingStore store, IModelRegistry registry, ILoggedModelStore logged) =>
        (Store, _registry, Logged) = (store, registry, logged);

    // A workspace has two registries.
    private ModelRegistry(WorkspaceStore workspace, ITrackingStore store, RegistryKind kind)
    {
        (Store, Logged) = (store, store.As<DirectoryStore>()?.LoggedModels ?? Of(store, RegistryKind.Workspace).Logged);
        var own = new RestModelRegistry(workspace.Api, workspace.TrackingUri);
        var catalog = new UnityCatalogRegistry(
            new UnityCatalogApi(workspace.Api, workspace.TrackingUri), new CatalogSource(this).OpenAsync);
        _registry = kind == RegistryKind.UnityCatalog ? catalog : new WorkspaceRegistry(own, catalog, workspace.DefaultRegistry);
    }

    /// <summary>The tracking store of the registry.</summary>
    public ITrackingStore Store { get; }

    /// <inheritdoc/>
    public string TrackingUri => _registry.TrackingUri;

    /// <inheritdoc/>
    public IRegisteredModels Models => _registry.Models;

    /// <inheritdoc/>
    public IModelVersions Versions => _registry.Versions;

    /// <inheritdoc/>
    public IModelAliases Aliases => _registry.Aliases;

    /// <summary>The logged models of MLflow 3.</summary>
    public ILoggedModelStore Logged { get; }

    /// <summary>
    /// Opens the registry of a store. A folder has none here: MLflow's own file registry does not lock while it finds the next version
    /// number, and newer MLflow versions have dropped it.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for a folder.</exception>
    public static ModelRegistry Of(ITrackingStore store) => Of(store, RegistryKind.Default);

    /// <summary>Opens a registry of a workspace.</summary>
    /// <param name="store">The workspace, or any store for its registry.</param>
    /// <param name="kind">Which of the workspace's registries to open.</param>
    /// <param name="runs">The store of the runs that models are created from; null for the same store.</param>
    /// <inheritdoc cref="Of(ITrackingStore)"/>
    public static ModelRegistry Of(ITrackingStore store, RegistryKind kind, ITrackingStore? runs = null)
    {
        if (store.As<WorkspaceStore>() is { } workspace && kind != RegistryKind.Workspace)
            return new ModelRegistry(workspace, runs ?? store, kind);
        if (store.As<RestStore>() is { } server)
        {
            return new ModelRegistry(
                server, new RestModelRegistry(server.Api, server.TrackingUri), new RestLoggedModels(server));
        }

        if (store.As<SqliteStore>() is { Database: var database } local)
            return new ModelRegistry(local, new SqliteModelRegistry(database), new SqliteLoggedModels(database));
        throw new MlflowException(ErrorKind.NotSupported, RegistryErrors.FolderHasNone(store.TrackingUri)) { Target = store.TrackingUri };
    }

    /// <summary>
    /// Opens the registry of a store in order to copy from it. Includes the registry of MLflow's own file store, which is read-only here.
    /// </summary>
    internal static ModelRegistry ToCopyFrom(ITrackingStore store) => store.As<DirectoryStore>() is { } folder
        ? new ModelRegistry(folder, folder.Registry, folder.LoggedModels)
        : Of(store);

    /// <summary>Returns the registry as an interface that only some registries implement; null if this one does not.</summary>
    internal T? As<T>()
        where T : class, IModelRegistry =>
        _registry as T;

    /// <summary>Throws if a stage is given for a model whose registry has no stages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/></exception>
    public async Task ThrowIfWithoutStagesAsync(string name, string stage, CancellationToken cancellationToken)
    {
        if (await CatalogOfAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw UnityCatalogVersions.NoStages(name, stage);
    }

    /// <summary>Returns the Unity Catalog registry of a model; null if the model belongs to another registry.</summary>
    internal async Task<UnityCatalogRegistry?> CatalogOfAsync(string name, CancellationToken cancellationToken) => _registry switch
    {
        UnityCatalogRegistry catalog => catalog,
        WorkspaceRegistry both => await both.CatalogOfAsync(name, cancellationToken).ConfigureAwait(false),
        _ => null,
    };
}
