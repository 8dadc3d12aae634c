namespace Anovos.Mlflow.Artifacts;

/// <summary>The artifacts of one run, under the root that the run names. Safe for several threads.</summary>
public interface IArtifactStore : IDisposable
{
    /// <summary>Stores a file, replacing one that is there.</summary>
    /// <param name="file">A readable file on this machine.</param>
    /// <param name="artifactPath">Where, relative to the root, with slashes.</param>
    /// <param name="sent">Told the number of bytes each time some have gone out.</param>
    /// <param name="cancellationToken">Ends the transfer at once.</param>
    /// <exception cref="MlflowException">The store refused, or could not be reached.</exception>
    /// <exception cref="IOException">The file could not be read.</exception>
    Task SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken);

    /// <summary>What lies directly under a folder of the root; nothing where there is no such folder.</summary>
    /// <param name="artifactPath">The folder; empty for the root.</param>
    /// <param name="cancellationToken">Ends the request at once.</param>
    Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken);
}
