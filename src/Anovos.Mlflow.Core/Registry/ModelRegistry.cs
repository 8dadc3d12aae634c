using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The model registry beside a tracking store, and the logged models that MLflow 3 keeps there.</summary>
public sealed class ModelRegistry : IModelRegistry
{
    private readonly IModelRegistry _registry;

    private ModelRegistry(ITrackingStore store, IModelRegistry registry, ILoggedModelStore logged) =>
        (Store, _registry, Logged) = (store, registry, logged);

    // Two registries of one workspace.
    private ModelRegistry(WorkspaceStore workspace, ITrackingStore store, RegistryKind kind)
    {
        (Store, Logged) = (store, store.As<DirectoryStore>()?.LoggedModels ?? Of(store, RegistryKind.Workspace).Logged);
        var own = new RestModelRegistry(workspace.Api, workspace.TrackingUri);
        var catalog = new UnityCatalogRegistry(
            new UnityCatalogApi(workspace.Api, workspace.TrackingUri), new CatalogSource(this).OpenAsync);
        _registry = kind == RegistryKind.UnityCatalog ? catalog : new WorkspaceRegistry(own, catalog, workspace.DefaultRegistry);
    }

    /// <summary>The tracking store beside the registry.</summary>
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
    /// Opens the registry beside a store. A folder has none here: MLflow's own takes no lock while it looks for the next
    /// version's number, and newer MLflow has dropped it.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for a folder.</exception>
    public static ModelRegistry Of(ITrackingStore store) => Of(store, RegistryKind.Default);

    /// <summary>Opens a registry of a workspace.</summary>
    /// <param name="store">The workspace, or any store for the registry beside it.</param>
    /// <param name="kind">Which of the workspace's registries.</param>
    /// <param name="runs">The store of the runs that models are made of; null for the same store.</param>
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

    /// <summary>Opens the registry beside a store to copy from it: that of MLflow's own file store, too, which can only be read.</summary>
    internal static ModelRegistry ToCopyFrom(ITrackingStore store) => store.As<DirectoryStore>() is { } folder
        ? new ModelRegistry(folder, folder.Registry, folder.LoggedModels)
        : Of(store);

    /// <summary>The registry as one that can do what only some can; null where this one cannot.</summary>
    internal T? As<T>()
        where T : class, IModelRegistry =>
        _registry as T;

    /// <summary>Throws for the stage of a model whose registry has none.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/></exception>
    public async Task ThrowIfWithoutStagesAsync(string name, string stage, CancellationToken cancellationToken)
    {
        if (await CatalogOfAsync(name, cancellationToken).ConfigureAwait(false) is not null)
            throw UnityCatalogVersions.NoStages(name, stage);
    }

    /// <summary>The registry of Unity Catalog that has a model; null if the model is of another registry.</summary>
    internal async Task<UnityCatalogRegistry?> CatalogOfAsync(string name, CancellationToken cancellationToken) => _registry switch
    {
        UnityCatalogRegistry catalog => catalog,
        WorkspaceRegistry both => await both.CatalogOfAsync(name, cancellationToken).ConfigureAwait(false),
        _ => null,
    };
}
