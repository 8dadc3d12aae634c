namespace Anovos.Mlflow.Artifacts;

/// <summary>Downloads zips, and writes the files in them under the same rules as files that a run lists.</summary>
/// <param name="store">The source.</param>
/// <param name="parallelism">The maximum number of concurrent downloads.</param>
/// <param name="overwrite">Whether to replace an existing file with different bytes.</param>
public sealed class ZipReceiver(IArtifactStore store, int parallelism, bool overwrite)
{
    /// <inheritdoc cref="ArtifactReceiver.ReceiveAsync"/>
    public async Task ReceiveAsync(
        IReadOnlyList<ListedArtifact> zips,
        string destination,
        Action<ArtifactReceived> completed,
        Action<TransferProgress> progress,
        CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder();
        List<ArtifactReceived> downloads = [];
        var receiver = new ArtifactReceiver(store, parallelism, overwrite: true);
        await receiver.ReceiveAsync(zips, scratch.Root, Downloaded, progress, cancellationToken).ConfigureAwait(false);
        foreach (ArtifactReceived download in downloads.OrderBy(download => download.Artifact.ArtifactPath, StringComparer.Ordinal))
        {
            if (download.Error is not null)
                completed(download);
            else
                await ExpandAsync(download, destination, completed, cancellationToken).ConfigureAwait(false);
        }

        void Downloaded(ArtifactReceived download)
        {
            lock (downloads)
                downloads.Add(download);
        }
    }

    private async Task ExpandAsync(
        ArtifactReceived download, string destination, Action<ArtifactReceived> completed, CancellationToken cancellationToken)
    {
        try
        {
            using var zip = new ZipContent(download.Path, RemoteArtifacts.ParentOf(download.Artifact.ArtifactPath));

            // A zip can be read by only one thread.
            var receiver = new ArtifactReceiver(zip, parallelism: 1, overwrite);
            await receiver.ReceiveAsync(zip.Files, destination, completed, _ => { }, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            string message = $"The file is not a zip, so download it without -Expand: {e.Message}";
            var failure = new MlflowException(ErrorKind.ArtifactReceiveFailed, message, e) { Target = download.Artifact.ArtifactPath };
            completed(download with { Path = "", Error = failure });
        }
    }
}
