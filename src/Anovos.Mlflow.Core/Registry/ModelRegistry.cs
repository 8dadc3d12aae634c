using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The model registry of a server, and the models that MLflow 3 keeps beside it.</summary>
public sealed class ModelRegistry
{
    private ModelRegistry(RestStore store)
    {
        Store = store;
        Models = new RegisteredModels(store.Api, store.TrackingUri);
        Versions = new ModelVersions(store.Api, store.TrackingUri);
        Aliases = new ModelAliases(store.Api, store.TrackingUri);
        Logged = new LoggedModels(store.Api, store.TrackingUri);
    }

    /// <summary>The store of runs on the same server.</summary>
    public ITrackingStore Store { get; }

    /// <summary>Where it is.</summary>
    public string TrackingUri => Store.TrackingUri;

    /// <summary>The registered models.</summary>
    public RegisteredModels Models { get; }

    /// <summary>Their versions.</summary>
    public ModelVersions Versions { get; }

    /// <summary>The aliases that point to versions.</summary>
    public ModelAliases Aliases { get; }

    /// <summary>The logged models of MLflow 3.</summary>
    public LoggedModels Logged { get; }

    /// <summary>
    /// The registry of the server that a store is. A folder has none here: MLflow's own takes no lock while it looks for the next
    /// version's number, and newer MLflow has given it up; runs of a folder are sent to a server first.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for a folder.</exception>
    public static ModelRegistry Of(ITrackingStore store) => store switch
    {
        RestStore server => new ModelRegistry(server),
        FallbackStore fallback => Of(fallback.Server),
        _ => throw new MlflowException(ErrorKind.NotSupported, $"{store.TrackingUri} is a folder, and a model registry needs a server. Name one with -TrackingUri, Connect-Mlflow or MLFLOW_TRACKING_URI; Sync-MlflowRun sends the runs of a folder to it, with their models.") { Target = store.TrackingUri },
    };

    /// <summary>Makes a version and has aliases point to it; the registered model is made before where it is missing.</summary>
    /// <param name="version">The version.</param>
    /// <param name="aliases">The aliases.</param>
    /// <param name="modelExists">Whether the registered model is there.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public async Task<ModelVersion> RegisterAsync(NewModelVersion version, IReadOnlyList<string> aliases, bool modelExists, CancellationToken cancellationToken)
    {
        try
        {
            if (!modelExists)
                await Models.CreateAsync(version.Name, description: null, [], cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelExists)
        {
            // Another process made it meanwhile, and a version of it is what is wanted.
        }

        ModelVersion made = await Versions.CreateAsync(version, cancellationToken).ConfigureAwait(false);
        foreach (string alias in aliases)
        {
            try
            {
                await Aliases.SetAsync(made.Name, alias, made.Version, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e)
            {
                // Who repeats the whole would have a second version.
                throw new MlflowException(e.Kind, $"{made.ModelUri} was made, and the alias '{alias}' does not point to it: {e.Message} Set-MlflowModelAlias sets an alias alone.", e) { Target = made.ModelUri, ErrorCode = e.ErrorCode, StatusCode = e.StatusCode, RequestId = e.RequestId };
            }
        }

        return aliases.Count == 0 ? made : await Versions.GetAsync(made.Name, made.Version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a registry URI means that no tracking URI can mean.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for Unity Catalog, whose registry has an API of its own.</exception>
    public static void ThrowIfUnityCatalog(string? uri)
    {
        string scheme = uri?.Split(':')[0].Trim().ToLowerInvariant() ?? "";
        if (scheme is "databricks-uc" or "uc")
            throw new MlflowException(ErrorKind.NotSupported, $"'{uri}' is the registry of Unity Catalog, which this version does not speak to. The workspace's own registry is at databricks: give it with -TrackingUri, or in MLFLOW_REGISTRY_URI.") { Target = uri };
    }
}
