namespace Anovos.Mlflow.Artifacts;

/// <summary>A file of this machine and where it goes.</summary>
/// <param name="File">The file.</param>
/// <param name="ArtifactPath">Its path under the run's artifact root.</param>
public sealed record ArtifactUpload(FileInfo File, string ArtifactPath)
{
    /// <summary>What it is to the workflow, for <see cref="ArtifactResult.Kind"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Bytes, as the file was when this was made; zero for one that was not there.</summary>
    public long Length { get; } = FileLinks.Follow(File) is { Exists: true } content ? content.Length : 0;
}

/// <summary>How one upload ended.</summary>
/// <param name="Upload">What was to be sent.</param>
/// <param name="Error">Why it was not; null when it was.</param>
public sealed record ArtifactUploaded(ArtifactUpload Upload, Exception? Error);

/// <summary>How far a transfer is; bytes and files.</summary>
public sealed record TransferProgress(long BytesSent, long BytesTotal, int FilesSent, int FilesTotal);

/// <summary>Sends many files at once, a bounded number at a time.</summary>
/// <param name="store">Where to.</param>
/// <param name="parallelism">How many files are under way together.</param>
public sealed class ArtifactTransfer(IArtifactStore store, int parallelism)
{
    /// <summary>More at once gains nothing against MLflow's own server and costs memory: see bench/.</summary>
    public const int DefaultParallelism = 8;

    /// <summary>
    /// Sends the files. One that cannot be read or is refused is reported and does not stop the others; a server that
    /// no longer answers, or refuses the credentials, does. Of several files for one artifact path the first is sent, and
    /// the others are reported: they would overwrite each other.
    /// </summary>
    /// <param name="uploads">What to send, in this order.</param>
    /// <param name="completed">Told of each file as it ends; called from several threads.</param>
    /// <param name="progress">Told how far it is, about every <c>1 MiB</c> and after each file; called from several threads.</param>
    /// <param name="cancellationToken">Ends all at once.</param>
    /// <exception cref="MlflowException">Nothing more can be sent.</exception>
    public async Task SendAsync(IReadOnlyList<ArtifactUpload> uploads, Action<ArtifactUploaded> completed, Action<TransferProgress> progress, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long bytesTotal = uploads.Sum(upload => upload.Length), bytesSent = 0;
        int next = -1, filesSent = 0;
        ILookup<string, ArtifactUpload> byPath = uploads.ToLookup(upload => upload.ArtifactPath, StringComparer.Ordinal);

        Task[] workers = [.. Enumerable.Range(0, Math.Min(parallelism, uploads.Count)).Select(_ => Task.Run(SendNextAsync, CancellationToken.None))];
        await Task.WhenAll(workers).ConfigureAwait(false);

        async Task SendNextAsync()
        {
            for (int index; (index = Interlocked.Increment(ref next)) < uploads.Count;)
            {
                ArtifactUpload upload = uploads[index];
                stop.Token.ThrowIfCancellationRequested();
                ArtifactUpload first = byPath[upload.ArtifactPath].First();
                Exception? error = ReferenceEquals(upload, first) ? await TrySendAsync(upload).ConfigureAwait(false) : Taken(first);
                if (error is null)
                    Report(0, Interlocked.Increment(ref filesSent));
                completed(new ArtifactUploaded(upload, error));
            }
        }

        async Task<Exception?> TrySendAsync(ArtifactUpload upload)
        {
            try
            {
                if (SpecialFiles.Describe(upload.File.FullName) is { } special)
                    return new IOException($"{upload.File.FullName} is {special}, and only files are sent.");
                await store.SendAsync(upload.File, upload.ArtifactPath, bytes => Report(bytes, Volatile.Read(ref filesSent)), stop.Token).ConfigureAwait(false);
                return null;
            }
            catch (MlflowException e) when (EndsAll(e))
            {
                stop.Cancel();
                throw;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MlflowException)
            {
                return e;
            }
        }

        void Report(long bytes, int files) => progress(new TransferProgress(Interlocked.Add(ref bytesSent, bytes), bytesTotal, files, uploads.Count));
    }

    private static MlflowException Taken(ArtifactUpload first) => new(
        ErrorKind.ArtifactPathInvalid,
        $"'{first.File.FullName}' is sent under that artifact path. Send the folder that holds both, or each with an -ArtifactPath or -Name of its own.")
    { Target = first.ArtifactPath };

    private static bool EndsAll(MlflowException e) =>
        e.Kind is ErrorKind.TrackingServerUnreachable or ErrorKind.AuthenticationFailed or ErrorKind.PermissionDenied or ErrorKind.NotAnMlflowServer;
}
