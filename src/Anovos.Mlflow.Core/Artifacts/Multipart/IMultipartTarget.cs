namespace Anovos.Mlflow.Artifacts;

/// <summary>A store that takes a file in parts, in any order and several at a time.</summary>
internal interface IMultipartTarget : IDisposable
{
    /// <summary>Begins an upload; null where the store takes no parts.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="parts">The parts of the file.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    Task<(string? UploadId, IReadOnlyList<PresignedUrl> Targets)?> TryBeginAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken);

    /// <summary>Sends one part, as often as it takes.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="begun">The upload.</param>
    /// <param name="part">Which part.</param>
    /// <param name="moved">Told the number of bytes each time some have gone out.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <exception cref="MlflowException">It did not arrive.</exception>
    Task<SentPart> SendAsync(string path, BegunUpload begun, FilePart part, Action<long> moved, CancellationToken cancellationToken);

    /// <summary>Makes the artifact of its parts, all of which have arrived.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="begun">The upload.</param>
    /// <param name="parts">The parts, in their order.</param>
    /// <param name="isRepeated">Whether it may have been done before, so that a refusal is not worth another try.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    Task CompleteAsync(string path, BegunUpload begun, IReadOnlyList<SentPart> parts, bool isRepeated, CancellationToken cancellationToken);

    /// <summary>Gives an upload up, and what arrived of it. What cannot be given up is left to the store's own rules for what is unfinished.</summary>
    Task TryAbortAsync(string path, BegunUpload begun, CancellationToken cancellationToken);
}
