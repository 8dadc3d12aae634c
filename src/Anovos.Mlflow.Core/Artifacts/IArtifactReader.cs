namespace Anovos.Mlflow.Artifacts;

/// <summary>Reads artifacts: those of a run, or those in a zip.</summary>
public interface IArtifactReader
{
    /// <summary>Whether names may contain control characters. Such a name in a listing of an MLflow server is not genuine.</summary>
    bool TakesControls { get; }

    /// <summary>
    /// Writes an artifact to a stream. After a transient error it starts again from the beginning. Few servers send a Content-Length, so
    /// the caller must compare the length with the listed one.
    /// </summary>
    /// <param name="artifactPath">The artifact, relative to the root, with slashes.</param>
    /// <param name="target">The stream. <c>SetLength(0)</c> must reset it.</param>
    /// <param name="received">Called with the bytes received since the last call; negative when a failed attempt is taken back.</param>
    /// <param name="cancellationToken">Cancels the transfer.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/>, or the store failed or denied it.</exception>
    /// <exception cref="IOException">The target could not be written.</exception>
    Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken);
}
