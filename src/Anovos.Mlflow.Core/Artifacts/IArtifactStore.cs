namespace Anovos.Mlflow.Artifacts;

/// <summary>The artifacts of one run, below its artifact root. Thread-safe.</summary>
public interface IArtifactStore : IArtifactReader, IDisposable
{
    /// <summary>Whether reading an artifact is as cheap as reading a local file.</summary>
    bool IsLocal { get; }

    /// <summary>
    /// Stores the bytes of a source, replacing an existing artifact. Returns the content that was sent; null if the store copied
    /// the bytes by itself, so that they did not pass through this machine.
    /// </summary>
    /// <param name="source">A local file, an object in a bucket, or an artifact of another store.</param>
    /// <param name="artifactPath">The destination, relative to the root, with slashes.</param>
    /// <param name="sent">Called with the number of bytes sent since the last call; negative when a failed attempt is taken back.</param>
    /// <param name="cancellationToken">Cancels the transfer.</param>
    /// <exception cref="MlflowException">The store rejected the artifact, or could not be reached.</exception>
    /// <exception cref="IOException">The source could not be read.</exception>
    Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken);

    /// <summary>Returns the direct children of a folder; nothing if there is no such folder.</summary>
    /// <param name="artifactPath">The folder; empty for the root.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken);

    /// <summary>Removes a file, or a folder with its contents. Succeeds if there is none.</summary>
    /// <param name="artifactPath">The file or folder; never the root.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ArtifactRemovalFailed"/>, also from a store that cannot remove; or the store failed or denied it.
    /// </exception>
    Task DeleteAsync(string artifactPath, CancellationToken cancellationToken);
}
