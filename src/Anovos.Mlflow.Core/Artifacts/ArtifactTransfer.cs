using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A source and its destination.</summary>
/// <param name="Source">The bytes.</param>
/// <param name="ArtifactPath">The destination path, relative to the run's artifact root.</param>
public sealed record ArtifactUpload(ArtifactSource Source, string ArtifactPath)
{
    /// <summary>Uploads a local file.</summary>
    public ArtifactUpload(FileInfo file, string artifactPath)
        : this(new FileSource(file), artifactPath)
    {
    }

    /// <summary>The role of the file in the workflow, for <see cref="ArtifactResult.Kind"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The run's folder that it was selected with; empty for the root.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The MD5 that the bucket stores for the object, in hex digits; null if it stores none.</summary>
    public string? Md5 { get; init; }

    /// <summary>The path on this machine that the source was created from; null if the source is that path.</summary>
    public string? Origin { get; init; }

    /// <inheritdoc cref="ArtifactSource.Length"/>
    public long Length => Source.Length;
}

/// <summary>The result of one upload.</summary>
/// <param name="Upload">The upload.</param>
/// <param name="Error">The error; null on success.</param>
/// <param name="Unchanged">Why the upload was skipped: the run has the file already. Null if it was sent or failed.</param>
public sealed record ArtifactUploaded(ArtifactUpload Upload, Exception? Error, string? Unchanged = null);

/// <summary>The progress of a transfer, in bytes and files.</summary>
public sealed record TransferProgress(long BytesSent, long BytesTotal, int FilesSent, int FilesTotal);

/// <summary>Sends files concurrently. The number adapts to the store's throughput.</summary>
/// <param name="store">The target.</param>
/// <param name="parallelism">The maximum number of concurrent uploads.</param>
/// <param name="policy">Which files are skipped, and whether they are verified; by default everything is sent.</param>
public sealed class ArtifactTransfer(IArtifactStore store, int parallelism, SendPolicy? policy = null)
{
    /// <summary>The default maximum of concurrent transfers.</summary>
    public const int DefaultParallelism = 32;

    /// <summary>The highest maximum that a caller can set.</summary>
    public const int MaximumParallelism = AdaptiveConcurrency.MaximumLimit;

    /// <summary>
    /// Sends the files. A file that cannot be read or is rejected is reported, and the others are still sent; a server that does not
    /// respond or rejects the credentials ends the transfer. If several files have the same artifact path, the first is sent and the
    /// others are reported, because they would overwrite each other.
    /// </summary>
    /// <param name="uploads">The uploads, in this order.</param>
    /// <param name="completed">Called with the result of each file, from several threads.</param>
    /// <param name="progress">Called about every <c>1 MiB</c> and after each file, from several threads.</param>
    /// <param name="cancellationToken">Cancels the transfer.</param>
    /// <exception cref="MlflowException">An error that fails every other upload as well.</exception>
    public async Task SendAsync(IReadOnlyList<ArtifactUpload> uploads, Action<ArtifactUploaded> completed, Action<TransferProgress> progress, CancellationToken cancellationToken)
    {
        SendPolicy rules = policy ?? new SendPolicy(Journal: null, Resend: true, Verify: false);
        var sender = new ArtifactSender(store, rules);
        long bytesTotal = uploads.Sum(upload => upload.Length), bytesSent = 0;
        int filesSent = 0;
        IReadOnlyDictionary<string, ArtifactUpload> contested = Contested(uploads);
        Report(0, 0);
        IReadOnlyDictionary<string, long> there = rules.Resend
            ? new Dictionary<string, long>()
            : await RemoteArtifacts.LengthsAsync(store, uploads.Select(upload => upload.ArtifactPath), parallelism, cancellationToken).ConfigureAwait(false);
        (store as IPrefetchesCredentials)?.ExpectUploads(uploads.Select(upload => upload.ArtifactPath));
        await ParallelWork.RunAsync(uploads, store.Concurrency(), parallelism, SendOneAsync, cancellationToken).ConfigureAwait(false);

        async Task<long?> SendOneAsync(ArtifactUpload upload, CancellationToken token)
        {
            ArtifactUploaded result = contested.TryGetValue(upload.ArtifactPath, out ArtifactUpload? first) && !ReferenceEquals(first, upload) ? new(upload, Taken(first)) : await TrySendAsync(upload, token).ConfigureAwait(false);
            if (result.Error is null)
                Report(result.Unchanged is null ? 0 : upload.Length, Interlocked.Increment(ref filesSent));
            completed(result);
            return result.Error is null && result.Unchanged is null ? upload.Length : null;
        }

        async Task<ArtifactUploaded> TrySendAsync(ArtifactUpload upload, CancellationToken token)
        {
            try
            {
                if (upload.Source is FileSource && SpecialFiles.Describe(upload.Source.Location) is { } special)
                    return new ArtifactUploaded(upload, new IOException($"{upload.Source} is {special}. Only regular files are sent."));
                long? length = there.TryGetValue(upload.ArtifactPath, out long found) ? found : null;
                string? unchanged = await sender.SendAsync(upload, length, bytes => Report(bytes, Volatile.Read(ref filesSent)), token).ConfigureAwait(false);
                return new ArtifactUploaded(upload, null, unchanged);
            }
            catch (Exception e) when (e.ConcernsOneFile())
            {
                return new ArtifactUploaded(upload, e);
            }
        }

        void Report(long bytes, int files) => progress(new TransferProgress(Interlocked.Add(ref bytesSent, bytes), bytesTotal, files, uploads.Count));
    }

    // The artifact paths that several uploads share, each with its first upload.
    private static Dictionary<string, ArtifactUpload> Contested(IReadOnlyList<ArtifactUpload> uploads)
    {
        // The files of a folder are sorted. There can be many, so check that first.
        if (Enumerable.Range(1, Math.Max(0, uploads.Count - 1)).All(i => string.CompareOrdinal(uploads[i - 1].ArtifactPath, uploads[i].ArtifactPath) < 0))
            return [];
        HashSet<string> paths = new(StringComparer.Ordinal);
        HashSet<string> contested = new(uploads.Select(upload => upload.ArtifactPath).Where(path => !paths.Add(path)), StringComparer.Ordinal);
        return uploads.Where(upload => contested.Contains(upload.ArtifactPath)).GroupBy(upload => upload.ArtifactPath).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
    }

    private static MlflowException Taken(ArtifactUpload first) => new(
        ErrorKind.ArtifactPathInvalid,
        $"'{first.Source}' is already sent to this artifact path. Send the folder that contains both, or give each its own -ArtifactPath or -Name.")
    { Target = first.ArtifactPath };
}
