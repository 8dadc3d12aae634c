using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Chooses the artifact store for a run's artifact URI.</summary>
public static class ArtifactStores
{
    /// <summary>Opens the artifacts of <paramref name="run"/>, which <paramref name="store"/> holds.</summary>
    /// <param name="run">The run; without an id for a root that does not belong to a run.</param>
    /// <param name="store">Its store.</param>
    /// <param name="onRetry">Called for each retry to a bucket if the store is not a server. A server has its own callback.</param>
    /// <param name="warn">Called with warnings for the user, such as that certificates are not checked.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> for a root of an unsupported kind.</exception>
    public static IArtifactStore Open(Run run, ITrackingStore store, Action<RetryNotice>? onRetry = null, Action<string>? warn = null)
    {
        if (store is FallbackStore fallback)
        {
            return run.TrackingUri == fallback.Server.TrackingUri
                ? new FallbackArtifactStore(Open(run, fallback.Server, onRetry, warn), run, fallback)
                : OpenFolder(run, store);
        }

        store = (store as IStoreWrapper)?.Inner ?? store;
        string root = run.ArtifactUri;
        string? runId = run.RunId.Length == 0 ? null : run.RunId;
        string scheme = LocalUri.SchemeOf(root) ?? "file";
        switch (scheme)
        {
            case "file":
                return OpenFolder(run, store);
            case "mlflow-artifacts" when store is RestStore server:
                return new ProxiedArtifactStore(server.Api, ProxiedBase(root, server.Api.Server), ownsApi: false, runId, warn);
            case "mlflow-artifacts":
                throw new MlflowException(
                    ErrorKind.UriUnsupported,
                    $"The artifacts{(runId is null ? "" : $" of run {runId}")} are at {root}, which only an MLflow server can resolve, and "
                    + $"{store.TrackingUri} is not a server. Use the server's http address as the tracking URI, or an experiment with "
                    + "another artifact location.")
                { Target = root };
            case "dbfs" when store is RestStore workspace:
                return DbfsRoots.Open(workspace.Api, run, DbfsRoots.MountPoint);
            case "http" or "https" when store is RestStore server:
                return OpenHttp(new Uri(root), server, runId, warn);
            case var _ when runId is not null && store is RestStore tracking and not WorkspaceStore:
                // A bucket of any kind: the server may sign URLs for it.
                return OpenBucket(tracking.Api, root, runId, new BucketAccess(store, onRetry, warn), warn);
            case var _ when Buckets.Speaks(root):
                return new BucketAccess(store, onRetry, warn).OpenArtifacts(root);
            default:
                throw NotSpoken(root, runId);
        }
    }

    /// <summary>Whether a server may sign URLs for artifacts at this root: a bucket of any kind.</summary>
    internal static bool MayBeSigned(string root) =>
        LocalUri.SchemeOf(root) is { } scheme and not ("file" or "mlflow-artifacts" or "dbfs" or "http" or "https");

    /// <summary><c>mlflow-artifacts:/p</c> is a path under the tracking server; with a host, under that host.</summary>
    internal static Uri ProxiedBase(string root, Uri server)
    {
        var uri = new Uri(root);
        string host = uri.Host.Length == 0 ? server.GetLeftPart(UriPartial.Path) : $"{server.Scheme}://{uri.Authority}/";
        return new Uri($"{host}{ProxiedArtifactStore.Endpoint}{uri.AbsolutePath}");
    }

    private static BucketRunStore OpenBucket(RestApi api, string root, string runId, BucketAccess access, Action<string>? warn) => new(
        api,
        root,
        Buckets.Speaks(root) && Buckets.HasCredentials(root, Environment.GetEnvironmentVariable),
        () => Buckets.Speaks(root) ? access.OpenArtifacts(root) : throw NotSpoken(root, runId),
        new PresignedArtifactStore(api, runId, root, Buckets.Speaks(root), warn ?? (_ => { })),
        warn ?? (_ => { }));

    private static MlflowException NotSpoken(string root, string? runId)
    {
        string run = runId is null ? "" : $" of run {runId}", scheme = LocalUri.SchemeOf(root)!;
        string destination = scheme is "hdfs" or "viewfs" ? $" --artifacts-destination {scheme}://…" : "";
        return new MlflowException(
            ErrorKind.UriUnsupported,
            $"The artifacts{run} are at {root}, and this version does not support '{scheme}:'. Start the server with "
            + $"--serve-artifacts{destination}, so that it proxies artifacts, or use an experiment with another artifact location: s3:, "
            + "gs:, wasbs:, abfss: or a folder.")
        { Target = root };
    }

    private static LocalArtifactStore OpenFolder(Run run, ITrackingStore store)
    {
        if (LocalRoot.WhyUnusable(run.ArtifactUri) is not { } why)
            return new LocalArtifactStore(LocalUri.ToPath(run.ArtifactUri));
        string root = run.ArtifactUri.Trim().Length == 0 ? "" : $", '{run.ArtifactUri}',";
        string what = run.RunId.Length == 0
            ? $"The artifact root{root} {why}."
            : store switch
            {
                DirectoryStore folder =>
                    $"The field 'artifact_uri'{root} in '{folder.MetaFileOf(run.RunId)}' {why}. Correct it: a run's artifacts are usually "
                    + "in the folder 'artifacts' next to that file.",
                SqliteStore database =>
                    $"The column 'artifact_uri'{root} of the run {run.RunId} in the table 'runs' of '{database.Database.Path}' {why}. "
                    + "Correct it: the artifacts of a run are usually in the folder "
                    + $"'{LocalUri.Append(database.Database.ArtifactLocation(run.ExperimentId), $"{run.RunId}/artifacts")}'.",
                _ =>
                    $"The field 'artifact_uri'{root} of the run {run.RunId} at {store.TrackingUri} {why}. Give the experiment an artifact "
                    + "location that is a full path or a URI.",
            };
        throw new MlflowException(ErrorKind.UriUnsupported, what + " Nothing is read or written there.")
        {
            Target = run.RunId.Length == 0 ? run.ArtifactUri : run.RunId,
        };
    }

    private static ProxiedArtifactStore OpenHttp(Uri root, RestStore server, string? runId, Action<string>? warn)
    {
        bool sameServer = Uri.Compare(root, server.Api.Server, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

        // Another host must not receive the tracking server's credentials.
        return sameServer
            ? new ProxiedArtifactStore(server.Api, root, ownsApi: false, runId, warn)
            : new ProxiedArtifactStore(new RestApi(root, server.Api.Options.ForOtherHosts()), root, ownsApi: true);
    }
}
