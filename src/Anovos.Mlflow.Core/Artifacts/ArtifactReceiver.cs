namespace Anovos.Mlflow.Artifacts;

/// <summary>How one download ended.</summary>
/// <param name="Artifact">What was to be received.</param>
/// <param name="Path">Where it is, or would be, on this machine; empty where it may be nowhere.</param>
/// <param name="Error">Why it is not there; null when it is.</param>
/// <param name="Unchanged">Whether the file that was there holds the same bytes.</param>
public sealed record ArtifactReceived(ListedArtifact Artifact, string Path, Exception? Error, bool Unchanged);

/// <summary>Receives many files at once into a folder, as many as the store gains from.</summary>
/// <param name="store">Where from.</param>
/// <param name="parallelism">How many files are under way together at most.</param>
/// <param name="overwrite">Whether a file that is there with other bytes is replaced.</param>
/// <param name="ignoresCase">Whether names that differ only in case are one file in the folder; without it, it is tried.</param>
public sealed class ArtifactReceiver(IArtifactStore store, int parallelism, bool overwrite, bool? ignoresCase = null)
{
    /// <summary>
    /// Receives the files, each under its artifact path. It is written under another name, and gets its own when its length is
    /// the listed one. One that fails is reported and stops no other; a server that no longer answers, or refuses the
    /// credentials, does.
    /// </summary>
    /// <param name="files">What to receive.</param>
    /// <param name="destination">The folder; it is made.</param>
    /// <param name="completed">Told of each file as it ends; called from several threads.</param>
    /// <param name="progress">Told how far it is; called from several threads.</param>
    /// <param name="cancellationToken">Ends all at once.</param>
    /// <exception cref="MlflowException">Nothing more can be received.</exception>
    /// <exception cref="IOException">The folder cannot be made or written to.</exception>
    public async Task ReceiveAsync(IReadOnlyList<ListedArtifact> files, string destination, Action<ArtifactReceived> completed, Action<TransferProgress> progress, CancellationToken cancellationToken)
    {
        long bytesTotal = Total(files), bytesReceived = 0;
        int filesReceived = 0;
        var folder = new DestinationFolder(destination);
        bool folds = folder.Prepare();
        folds = ignoresCase ?? folds;
        ILookup<string, ListedArtifact> byPath = files.Where(file => file.Refused is null)
            .ToLookup(file => folds ? ListedName.Folded(file.ArtifactPath) : file.ArtifactPath, StringComparer.Ordinal);
        await ParallelWork.RunAsync(files, store.Concurrency(), parallelism, ReceiveOneAsync, cancellationToken).ConfigureAwait(false);

        async Task<long?> ReceiveOneAsync(ListedArtifact file, CancellationToken token)
        {
            ArtifactReceived result = WhyNot(file) is { } refusal
                ? new(file with { ArtifactPath = ListedName.ToShow(file.ArtifactPath) }, "", refusal, Unchanged: false)
                : await TryReceiveAsync(file, token).ConfigureAwait(false);
            if (result.Error is null)
                Report(0, Interlocked.Increment(ref filesReceived));
            completed(result);
            return result.Error is null ? file.Length : null;
        }

        async Task<ArtifactReceived> TryReceiveAsync(ListedArtifact file, CancellationToken token)
        {
            string path = "";
            try
            {
                path = folder.PathFor(file.ArtifactPath);
                bool unchanged = await new FileDownload(store, file, path, overwrite).RunAsync(bytes => Report(bytes, Volatile.Read(ref filesReceived)), token).ConfigureAwait(false);
                return new ArtifactReceived(file, path, null, unchanged);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException || (e is MlflowException known && !ArtifactTransfer.EndsAll(known)))
            {
                return new ArtifactReceived(file, path, e, Unchanged: false);
            }
        }

        MlflowException? WhyNot(ListedArtifact file)
        {
            if (file.Refused is not null)
                return Refusal(file, $"its name {file.Refused}");
            ListedArtifact first = byPath[folds ? ListedName.Folded(file.ArtifactPath) : file.ArtifactPath].First();
            return ReferenceEquals(first, file) ? null : Refusal(file, $"'{first.ArtifactPath}' is the same file in this folder. Receive it alone into another one");
        }

        void Report(long bytes, int count) => progress(new TransferProgress(Interlocked.Add(ref bytesReceived, bytes), bytesTotal, count, files.Count));
    }

    // A server may list lengths that no number holds together.
    private static long Total(IReadOnlyList<ListedArtifact> files) =>
        files.Aggregate(0L, (sum, file) => file.Length > long.MaxValue - sum ? long.MaxValue : sum + file.Length);

    private static MlflowException Refusal(ListedArtifact file, string why) =>
        new(ErrorKind.ArtifactPathInvalid, $"The run lists '{ListedName.ToShow(file.ArtifactPath)}', which is not received: {why}.") { Target = ListedName.ToShow(file.ArtifactPath) };
}
