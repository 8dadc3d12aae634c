using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The model registry beside a tracking store, and the logged models that MLflow 3 keeps there.</summary>
public sealed class ModelRegistry : IModelRegistry
{
    private readonly IModelRegistry _registry;

    private ModelRegistry(ITrackingStore store, IModelRegistry registry, ILoggedModelStore logged) => (Store, _registry, Logged) = (store, registry, logged);

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
    public static ModelRegistry Of(ITrackingStore store)
    {
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

    /// <summary>What a registry URI means that no tracking URI can mean.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for Unity Catalog, whose registry has an API of its own.</exception>
    public static void ThrowIfUnityCatalog(string? uri)
    {
        string scheme = uri?.Split(':')[0].Trim().ToLowerInvariant() ?? "";
        if (scheme is "databricks-uc" or "uc")
            throw new MlflowException(ErrorKind.NotSupported, $"'{uri}' is the registry of Unity Catalog, which this version does not speak to. The workspace's own registry is at databricks: give it with -TrackingUri, or in MLFLOW_REGISTRY_URI.") { Target = uri };
    }
}
