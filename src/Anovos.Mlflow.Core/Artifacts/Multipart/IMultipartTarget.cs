namespace Anovos.Mlflow.Artifacts;

/// <summary>An upload that a store has started.</summary>
/// <param name="UploadId">Its ID; null if it has none.</param>
internal sealed record StartedUpload(string? UploadId);

/// <summary>A store that accepts a file in parts, in any order and concurrently.</summary>
internal interface IMultipartTarget : IDisposable
{
    /// <summary>Starts an upload. Returns null if the store does not support parts.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="parts">The parts of the file.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<StartedUpload?> TryCreateAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken);

    /// <summary>Whether the missing parts of an earlier upload can be sent.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="created">The upload.</param>
    bool CanResume(string path, CreatedUpload created);

    /// <summary>Sends one part, with retries.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="created">The upload.</param>
    /// <param name="part">The part.</param>
    /// <param name="moved">Called with the number of bytes sent since the last call.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="MlflowException">The part could not be sent.</exception>
    Task<UploadedPart> UploadPartAsync(string path, CreatedUpload created, FilePart part, Action<long> moved, CancellationToken cancellationToken);

    /// <summary>Assembles the artifact, once all parts were sent.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="created">The upload.</param>
    /// <param name="parts">The parts, in their order.</param>
    /// <param name="content">The whole file.</param>
    /// <param name="isRepeated">Whether the upload may be complete already, so that an error is not retried.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task CompleteAsync(
        string path,
        CreatedUpload created,
        IReadOnlyList<UploadedPart> parts,
        ArtifactContent content,
        bool isRepeated,
        CancellationToken cancellationToken);

    /// <summary>Aborts an upload and discards its parts. If that fails, the store's lifecycle rules remove them.</summary>
    Task TryAbortAsync(string path, CreatedUpload created, CancellationToken cancellationToken);
}
