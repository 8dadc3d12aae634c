namespace Anovos.Mlflow.Artifacts;

/// <summary>An artifact of another store.</summary>
/// <param name="store">The store; it must outlive the source.</param>
/// <param name="root">The URI of the store's artifact root.</param>
/// <param name="artifact">The artifact, as listed. A listing without a length cannot be a source.</param>
internal sealed class StoredSource(IArtifactStore store, string root, Artifact artifact) : ArtifactSource
{
    /// <inheritdoc/>
    public override string Location => ArtifactPath.Join(root.TrimEnd('/'), artifact.ArtifactPath);

    /// <inheritdoc/>
    public override long Length => artifact.Length ?? throw new InvalidOperationException($"The length of {Location} is not known.");

    // A store reports nothing that would show a change, so each source counts as content of its own: a later send compares hashes.
    internal override FileState State { get; } = new(artifact.Length ?? 0, 0) { ETag = Guid.NewGuid().ToString("N") };

    /// <summary>
    /// Receives the artifact into a temporary file that is deleted with the stream: a store that repeats a failed download starts
    /// again from the first byte, and a stream that is being sent cannot go back.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactReceiveFailed"/> if the length is not the listed one; or the store's own errors.</exception>
    internal override async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{Guid.NewGuid():N}.tmp");
        var spool = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await store.ReceiveAsync(artifact.ArtifactPath, spool, _ => { }, cancellationToken).ConfigureAwait(false);
            if (spool.Length != Length)
            {
                throw new MlflowException(
                    ErrorKind.ArtifactReceiveFailed,
                    $"{Location} was listed with {Length} bytes, and {spool.Length} came. Send it again when nothing writes to it any more.")
                { Target = artifact.ArtifactPath };
            }

            spool.Position = 0;
            return spool;
        }
        catch
        {
            spool.Dispose();
            throw;
        }
    }
}
