namespace Anovos.Mlflow.Artifacts;

/// <summary>The artifacts of one run, under the root that the run names. Safe for several threads.</summary>
public interface IArtifactStore : IDisposable
{
    /// <summary>Whether reading an artifact is as cheap as reading a file of this machine.</summary>
    bool IsLocal { get; }

    /// <summary>Stores a file, replacing one that is there, and says what was sent.</summary>
    /// <param name="file">A readable file on this machine.</param>
    /// <param name="artifactPath">Where, relative to the root, with slashes.</param>
    /// <param name="sent">Told the number of bytes each time some have gone out.</param>
    /// <param name="cancellationToken">Ends the transfer at once.</param>
    /// <exception cref="MlflowException">The store refused, or could not be reached.</exception>
    /// <exception cref="IOException">The file could not be read.</exception>
    Task<ArtifactContent> SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken);

    /// <summary>
    /// Writes an artifact to a stream. What fails for a reason that may pass is begun again from zero. Few servers say how
    /// long an answer is to be: the caller compares with the listed length.
    /// </summary>
    /// <param name="artifactPath">Which, relative to the root, with slashes.</param>
    /// <param name="target">Where to; <c>SetLength(0)</c> must take it back to its beginning.</param>
    /// <param name="received">Told the number of bytes each time some have come, less than zero for those that do not count.</param>
    /// <param name="cancellationToken">Ends the transfer at once.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/>; or the store refused, or could not be reached.</exception>
    /// <exception cref="IOException">The target could not be written.</exception>
    Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken);

    /// <summary>What lies directly under a folder of the root; nothing where there is no such folder.</summary>
    /// <param name="artifactPath">The folder; empty for the root.</param>
    /// <param name="cancellationToken">Ends the request at once.</param>
    Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken);

    /// <summary>Removes a file, or a folder with all that is below it; what is not there is removed already.</summary>
    /// <param name="artifactPath">Which, never the root.</param>
    /// <param name="cancellationToken">Ends the request at once.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactRemovalFailed"/>, also from a store that removes nothing; or it refused, or could not be reached.</exception>
    Task DeleteAsync(string artifactPath, CancellationToken cancellationToken);
}
