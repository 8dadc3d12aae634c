using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>What is sent and where it goes.</summary>
/// <param name="Source">The bytes.</param>
/// <param name="ArtifactPath">Their path under the run's artifact root.</param>
public sealed record ArtifactUpload(ArtifactSource Source, string ArtifactPath)
{
    /// <summary>A file of this machine and where it goes.</summary>
    public ArtifactUpload(FileInfo file, string artifactPath)
        : this(new FileSource(file), artifactPath)
    {
    }

    /// <summary>What it is to the workflow, for <see cref="ArtifactResult.Kind"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>The folder of the run that it was selected with; empty for the root.</summary>
    public string Folder { get; init; } = "";

    /// <summary>The MD5 that a bucket has of it, in hex digits; null where there is none.</summary>
    public string? Md5 { get; init; }

    /// <inheritdoc cref="ArtifactSource.Length"/>
    public long Length => Source.Length;
}

/// <summary>How one upload ended.</summary>
/// <param name="Upload">What was to be sent.</param>
/// <param name="Error">Why it was not; null when it was.</param>
/// <param name="Unchanged">Why it needed no sending, as the run has it; null when it was sent, or was to be.</param>
public sealed record ArtifactUploaded(ArtifactUpload Upload, Exception? Error, string? Unchanged = null);

/// <summary>How far a transfer is; bytes and files.</summary>
public sealed record TransferProgress(long BytesSent, long BytesTotal, int FilesSent, int FilesTotal);

/// <summary>Sends many files at once, as many as the store gains from.</summary>
/// <param name="store">Where to.</param>
/// <param name="parallelism">How many files are under way together at most.</param>
/// <param name="policy">What is not sent again, and whether it is read back; without it everything is sent.</param>
public sealed class ArtifactTransfer(IArtifactStore store, int parallelism, SendPolicy? policy = null)
{
    /// <summary>How many files may be under way together, where nobody says otherwise.</summary>
    public const int DefaultParallelism = 32;

    /// <summary>More than these are never under way together.</summary>
    public const int MaximumParallelism = AdaptiveConcurrency.MaximumLimit;

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
                    return new ArtifactUploaded(upload, new IOException($"{upload.Source} is {special}, and only files are sent."));
                long? length = there.TryGetValue(upload.ArtifactPath, out long found) ? found : null;
                string? unchanged = await sender.SendAsync(upload, length, bytes => Report(bytes, Volatile.Read(ref filesSent)), token).ConfigureAwait(false);
                return new ArtifactUploaded(upload, null, unchanged);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException || (e is MlflowException known && !EndsAll(known)))
            {
                return new ArtifactUploaded(upload, e);
            }
        }

        void Report(long bytes, int files) => progress(new TransferProgress(Interlocked.Add(ref bytesSent, bytes), bytesTotal, files, uploads.Count));
    }

    // The paths that several uploads go to, with the first of these.
    private static Dictionary<string, ArtifactUpload> Contested(IReadOnlyList<ArtifactUpload> uploads)
    {
        // A folder's files come in order, and are too many to look up without need.
        if (Enumerable.Range(1, Math.Max(0, uploads.Count - 1)).All(i => string.CompareOrdinal(uploads[i - 1].ArtifactPath, uploads[i].ArtifactPath) < 0))
            return [];
        HashSet<string> paths = new(StringComparer.Ordinal);
        HashSet<string> contested = new(uploads.Select(upload => upload.ArtifactPath).Where(path => !paths.Add(path)), StringComparer.Ordinal);
        return uploads.Where(upload => contested.Contains(upload.ArtifactPath)).GroupBy(upload => upload.ArtifactPath).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
    }

    private static MlflowException Taken(ArtifactUpload first) => new(
        ErrorKind.ArtifactPathInvalid,
        $"'{first.Source}' is sent under that artifact path. Send the folder that holds both, or each with an -ArtifactPath or -Name of its own.")
    { Target = first.ArtifactPath };

    /// <summary>Whether no other transfer can go better.</summary>
    internal static bool EndsAll(MlflowException e) =>
        e.Kind is ErrorKind.TrackingServerUnreachable or ErrorKind.AuthenticationFailed or ErrorKind.PermissionDenied or ErrorKind.NotAnMlflowServer or ErrorKind.BucketNotFound;
}
