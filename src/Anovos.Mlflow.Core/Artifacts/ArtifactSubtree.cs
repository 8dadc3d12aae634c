using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Presents a folder of an artifact store as a store.</summary>
internal sealed class ArtifactSubtree(IArtifactStore store, string folder)
    : IArtifactStore, ISharesConcurrency, IPrefetchesCredentials, IRangedReader
{
    private readonly string _prefix = folder + "/";

    public bool IsLocal => store.IsLocal;

    public bool TakesControls => store.TakesControls;

    public AdaptiveConcurrency Concurrency { get; } = store.Concurrency();

    public void ExpectUploads(IEnumerable<string> artifactPaths) =>
        (store as IPrefetchesCredentials)?.ExpectUploads(artifactPaths.Select(path => ArtifactPath.Join(folder, path)));

    public Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken) =>
        store is IRangedReader ranged
            ? ranged.FindRangesAsync(ArtifactPath.Join(folder, artifactPath), length, cancellationToken)
            : Task.FromResult<RangeSource?>(null);

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        store.SendAsync(source, ArtifactPath.Join(folder, artifactPath), sent, cancellationToken);

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        store.ReceiveAsync(ArtifactPath.Join(folder, artifactPath), target, received, cancellationToken);

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        IReadOnlyList<Artifact> entries = await store.ListAsync(ArtifactPath.Join(folder, artifactPath), cancellationToken).ConfigureAwait(false);

        // If the server lists an entry from outside the folder, keep that visible to the caller.
        return [.. entries.Select(entry => entry with { ArtifactPath = entry.ArtifactPath.StartsWith(_prefix, StringComparison.Ordinal) ? entry.ArtifactPath.Substring(_prefix.Length) : "../" + entry.ArtifactPath })];
    }

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) =>
        store.DeleteAsync(ArtifactPath.Join(folder, ArtifactPath.OfRemoval(artifactPath)), cancellationToken);

    public void Dispose() => store.Dispose();
}
