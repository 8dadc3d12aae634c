using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Artifacts in a Unity Catalog volume (<c>dbfs:/Volumes/catalog/schema/volume/…</c>), or the files of a model in Unity Catalog, through
/// the Files API.
/// </summary>
internal sealed class VolumeArtifactStore(RestApi api, string root) : IArtifactStore, ISharesConcurrency
{
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);
    private readonly WorkspaceFiles _files = new(api, root);

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        return source.State.Length > WorkspaceFiles.MaximumBytes
            ? throw TooLarge(path)
            : _transfer.WithinLimitAsync(path, stop => _files.SendAsync(source, path, sent, stop), cancellationToken);
    }

    private MlflowException TooLarge(string path)
    {
        string advice = root.StartsWith("/Volumes/", StringComparison.Ordinal)
            ? $" Copy it into the volume on the cluster, where it is mounted at {root}."
            : "";
        return new(
            ErrorKind.ArtifactSendFailed,
            $"It is larger than the {WorkspaceFiles.MaximumBytes >> 30} GiB that Databricks' Files API accepts in one request.{advice}")
        { Target = path };
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        return _transfer.WithinLimitAsync(path, stop => _files.ReceiveAsync(path, target, received, stop), cancellationToken);
    }

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        _files.ListOrNoneAsync(artifactPath, cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw DbfsRoots.RemovesNone(artifactPath);

    public void Dispose()
    {
    }
}
