using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Offline;

/// <summary>Artifacts on a server, and in the folder where the run goes on once the server is lost.</summary>
internal sealed class FallbackArtifactStore(IArtifactStore server, Run run, FallbackStore store) : IArtifactStore, IAnnouncedTo
{
    private IArtifactStore? _folder;

    public bool IsLocal => _folder is not null;

    public void Announce(IEnumerable<string> artifactPaths) => (server as IAnnouncedTo)?.Announce(artifactPaths);

    public async Task<ArtifactContent> SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        if (_folder is null)
        {
            long sentThere = 0;
            try
            {
                return await server.SendAsync(file, artifactPath, bytes => { sentThere += bytes; sent(bytes); }, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (FallbackStore.IsLoss(e))
            {
                sent(-sentThere);
                _folder = await store.LoseArtifactsAsync(run, e, cancellationToken).ConfigureAwait(false);
            }
        }

        return await _folder.SendAsync(file, artifactPath, sent, cancellationToken).ConfigureAwait(false);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        (_folder ?? server).ReceiveAsync(artifactPath, target, received, cancellationToken);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        (_folder ?? server).ListAsync(artifactPath, cancellationToken);

    public void Dispose()
    {
        server.Dispose();
        _folder?.Dispose();
    }
}
