namespace Anovos.Mlflow.Artifacts;

/// <summary>The result of one download.</summary>
/// <param name="Artifact">The artifact.</param>
/// <param name="Path">The local path; empty if the artifact's name allows none.</param>
/// <param name="Error">The error; null on success.</param>
/// <param name="Unchanged">Whether the local file existed already, with the same bytes.</param>
public sealed record ArtifactReceived(ListedArtifact Artifact, string Path, Exception? Error, bool Unchanged);

/// <summary>Downloads files concurrently into a folder. The number adapts to the store's throughput.</summary>
/// <param name="store">The source.</param>
/// <param name="parallelism">The maximum number of concurrent downloads.</param>
/// <param name="overwrite">Whether to replace an existing file with different bytes.</param>
/// <param name="ignoresCase">Whether the folder's file system ignores case; by default this is tested.</param>
public sealed class ArtifactReceiver(IArtifactReader store, int parallelism, bool overwrite, bool? ignoresCase = null)
{
    /// <summary>
    /// Downloads the files, each to its artifact path. A file is written under a temporary name, and renamed once its length is the
    /// listed one. A file that fails is reported, and the others are still downloaded; a server that does not respond or rejects the
    /// credentials ends the transfer.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="destination">The folder; created if necessary.</param>
    /// <param name="completed">Called with the result of each file, from several threads.</param>
    /// <param name="progress">Called as bytes arrive, from several threads.</param>
    /// <param name="cancellationToken">Cancels the transfer.</param>
    /// <exception cref="MlflowException">An error that fails every other download as well.</exception>
    /// <exception cref="IOException">The folder cannot be created or written to.</exception>
    public async Task ReceiveAsync(IReadOnlyList<ListedArtifact> files, string destination, Action<ArtifactReceived> completed, Action<TransferProgress> progress, CancellationToken cancellationToken)
    {
        long bytesTotal = Total(files), bytesReceived = 0;
        int filesReceived = 0;
        var folder = new DestinationFolder(destination, store.TakesControls);
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
            catch (Exception e) when (e is NotSupportedException || e.ConcernsOneFile())
            {
                return new ArtifactReceived(file, path, e, Unchanged: false);
            }
        }

        MlflowException? WhyNot(ListedArtifact file)
        {
            if (file.Refused is not null)
                return Refusal(file, $"its name {file.Refused}");
            ListedArtifact first = byPath[folds ? ListedName.Folded(file.ArtifactPath) : file.ArtifactPath].First();
            return ReferenceEquals(first, file) ? null : Refusal(file, $"in this folder it is the same file as '{first.ArtifactPath}'. Download it into another folder");
        }

        void Report(long bytes, int count) => progress(new TransferProgress(Interlocked.Add(ref bytesReceived, bytes), bytesTotal, count, files.Count));
    }

    // The lengths are the server's; their sum may overflow.
    private static long Total(IReadOnlyList<ListedArtifact> files) =>
        files.Aggregate(0L, (sum, file) => file.Length > long.MaxValue - sum ? long.MaxValue : sum + file.Length);

    private static MlflowException Refusal(ListedArtifact file, string why) =>
        new(ErrorKind.ArtifactPathInvalid, $"The run lists '{ListedName.ToShow(file.ArtifactPath)}', but it was not downloaded: {why}.") { Target = ListedName.ToShow(file.ArtifactPath) };
}
