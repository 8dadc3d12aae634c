namespace Anovos.Mlflow.Artifacts;

/// <summary>An artifact of another store.</summary>
/// <param name="store">The store; it must outlive the source.</param>
/// <param name="root">The URI of the store's artifact root.</param>
/// <param name="artifact">The artifact, as listed. A listing without a length cannot be a source.</param>
internal sealed class StoredSource(IArtifactReader store, string root, Artifact artifact) : ArtifactSource
{
    // Artifacts up to this size are downloaded before they are sent. Larger ones are sent during the download.
    private const int BufferedBytes = 256 * 1024;

    /// <inheritdoc/>
    public override string Location => ArtifactPath.Join(root.TrimEnd('/'), artifact.ArtifactPath);

    /// <inheritdoc/>
    public override long Length => artifact.Length ?? throw new InvalidOperationException($"The length of {Location} is not known.");

    // A store reports nothing that would show a change, so each source counts as new content, and a later send compares hashes.
    internal override FileState State { get; } = new(artifact.Length ?? 0, 0) { ETag = Guid.NewGuid().ToString("N") };

    /// <summary>Downloads the artifact. It is never stored in a file, and only a small one is in memory as a whole.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ArtifactReceiveFailed"/> if the length is not the listed one; or the store's own errors. Reading throws
    /// the same.
    /// </exception>
    internal override async Task<Stream> OpenAsync(CancellationToken cancellationToken)
    {
        var stream = new ReceivedStream(
            Length, (target, stop) => store.ReceiveAsync(artifact.ArtifactPath, target, _ => { }, stop), Failed, cancellationToken);
        if (Length > BufferedBytes)
            return stream;
        using (stream)
        {
            var buffer = new MemoryStream((int)Length);
            await stream.CopyToAsync(buffer, BufferedBytes, cancellationToken).ConfigureAwait(false);
            buffer.Position = 0;
            return buffer;
        }
    }

    // The store has already retried transient errors, so the sender must not retry.
    private MlflowException Failed(MlflowException e) =>
        e.Kind == ErrorKind.ArtifactReceiveFailed && e.Target is null
            ? new MlflowException(
                ErrorKind.ArtifactReceiveFailed, $"{Location} {e.Message}. Send it again when no other program is writing to it.", e)
            { Target = artifact.ArtifactPath }
            : new MlflowException(e.Kind, $"{Location} cannot be downloaded: {e.Message}", e)
            {
                Target = artifact.ArtifactPath,
                ErrorCode = e.ErrorCode,
                StatusCode = e.StatusCode,
                RequestId = e.RequestId,
            };
}
