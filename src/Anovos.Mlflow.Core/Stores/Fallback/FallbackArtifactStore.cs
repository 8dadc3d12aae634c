using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Artifacts on a server, and in the folder where the run continues after the server is lost.</summary>
internal sealed class FallbackArtifactStore(IArtifactStore server, Run run, FallbackStore store)
    : IArtifactStore, IPrefetchesCredentials, ISharesConcurrency, IRangedReader
{
    private IArtifactStore? _folder;

    public bool IsLocal => _folder is not null;

    public bool TakesControls => (_folder ?? server).TakesControls;

    public AdaptiveConcurrency Concurrency { get; } = server.Concurrency();

    public void ExpectUploads(IEnumerable<string> artifactPaths) => (server as IPrefetchesCredentials)?.ExpectUploads(artifactPaths);

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        SendAsync((artifacts, counted) => artifacts.SendAsync(source, artifactPath, counted, cancellationToken), sent, cancellationToken);

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        (_folder ?? server).ReceiveAsync(artifactPath, target, received, cancellationToken);

    public Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken) =>
        (_folder ?? server) is IRangedReader ranged
            ? ranged.FindRangesAsync(artifactPath, length, cancellationToken)
            : Task.FromResult<RangeSource?>(null);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        TryAsync(artifacts => artifacts.ListAsync(artifactPath, cancellationToken), () => { }, cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => TryAsync(
        async artifacts =>
        {
            await artifacts.DeleteAsync(artifactPath, cancellationToken).ConfigureAwait(false);
            return true;
        },
        () => { },
        cancellationToken);

    public void Dispose()
    {
        server.Dispose();
        _folder?.Dispose();
    }

    private Task<T> SendAsync<T>(Func<IArtifactStore, Action<long>, Task<T>> send, Action<long> sent, CancellationToken cancellationToken)
    {
        long sentThere = 0;
        return TryAsync(artifacts => send(artifacts, bytes => { sentThere += bytes; sent(bytes); }), () => sent(-sentThere), cancellationToken);
    }

    private async Task<T> TryAsync<T>(Func<IArtifactStore, Task<T>> work, Action undo, CancellationToken cancellationToken)
    {
        if (_folder is null && store.Loss is null)
        {
            try
            {
                return await work(server).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.IsServerAway())
            {
                undo();
                store.Lose(e);
            }
        }

        _folder ??= await store.OpenFolderAsync(run, cancellationToken).ConfigureAwait(false);
        return await work(_folder).ConfigureAwait(false);
    }
}
