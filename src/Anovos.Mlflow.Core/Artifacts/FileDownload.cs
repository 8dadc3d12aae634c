namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Downloads one file to a temporary name in its folder, and renames it once it is complete. A large file may be downloaded in ranges.
/// Then the received bytes are kept after a failure, for the next download.
/// </summary>
internal sealed class FileDownload(IArtifactReader store, ListedArtifact file, string path, bool overwrite)
{
    // Downloading again is the only remedy for a body that ends early without an error.
    private const int Attempts = 3;

    private readonly bool _isLink = DestinationFolder.IsLink(path);

    private bool Exists => _isLink || File.Exists(path);

    /// <summary>Downloads the file. Returns true if the existing file has the same bytes and was kept.</summary>
    public async Task<bool> RunAsync(Action<long> received, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path) && !_isLink)
            throw Failed($"{path} is a folder.");
        if (Exists && !overwrite && (_isLink || new FileInfo(path).Length != file.Length))
            throw Differs();
        return await TryInRangesAsync(received, cancellationToken).ConfigureAwait(false)
            ?? await WholeAsync(received, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool?> TryInRangesAsync(Action<long> received, CancellationToken cancellationToken)
    {
        if (await FindRangesAsync(cancellationToken).ConfigureAwait(false) is not { } source)
            return null;
        return await FileTransfer.WithinLimitAsync(
            source.Options, file.ArtifactPath, ErrorKind.ArtifactReceiveFailed, ReceiveAsync, cancellationToken).ConfigureAwait(false);

        async Task<bool?> ReceiveAsync(CancellationToken stop)
        {
            for (RangeSource? next = source; next is not null; next = await FindRangesAsync(stop).ConfigureAwait(false))
            {
                using PartialFile partial = PartialFile.Open(path);
                try
                {
                    if (!await new RangedDownload(next, partial, file.Length, received).RunAsync(stop).ConfigureAwait(false))
                        return null;
                }
                catch (MlflowException e) when (next.GivesUp(e))
                {
                    // The store has another way to this file.
                    continue;
                }

                return await PlaceAsync(partial, stop).ConfigureAwait(false);
            }

            return null;
        }
    }

    private Task<RangeSource?> FindRangesAsync(CancellationToken cancellationToken) =>
        store is IRangedReader ranged
            ? ranged.FindRangesAsync(file.ArtifactPath, file.Length, cancellationToken)
            : Task.FromResult<RangeSource?>(null);

    private async Task<bool> PlaceAsync(PartialFile partial, CancellationToken cancellationToken)
    {
        ArtifactContent? content = Exists && !_isLink
            ? await new FileSource(new FileInfo(partial.Path)).MeasureAsync(cancellationToken).ConfigureAwait(false)
            : null;
        try
        {
            return await PlaceAsync(partial.Path, content, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            partial.Done();
        }
    }

    private async Task<bool> WholeAsync(Action<long> received, CancellationToken cancellationToken)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(path)!, $".anovos-{Guid.NewGuid():N}.tmp");
        try
        {
            ArtifactContent content = await WriteAsync(temporary, received, cancellationToken).ConfigureAwait(false);
            for (int attempt = 1; attempt < Attempts && content.Length < file.Length; attempt++)
            {
                received(-content.Length);
                content = await WriteAsync(temporary, received, cancellationToken).ConfigureAwait(false);
            }

            if (content.Length != file.Length)
            {
                throw Failed($"Received {content.Length} bytes, but the run lists {file.Length}. The artifact was replaced in the "
                    + "meantime, or the server ended its response early; try again.");
            }

            return await PlaceAsync(temporary, content, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task<ArtifactContent> WriteAsync(string temporary, Action<long> received, CancellationToken cancellationToken)
    {
        using var target = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true);
        using var meter = new HashingStream(target, file.Length);
        await store.ReceiveAsync(file.ArtifactPath, meter, received, cancellationToken).ConfigureAwait(false);
        await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        return meter.Finish();
    }

    // Returns true if the existing file has the same bytes and was kept.
    private async Task<bool> PlaceAsync(string temporary, ArtifactContent? content, CancellationToken cancellationToken)
    {
        if (Exists && !_isLink && content == await new FileSource(new FileInfo(path)).MeasureAsync(cancellationToken).ConfigureAwait(false))
            return true;
        if (Exists && !overwrite)
            throw Differs();

        // Replaces a link itself, never its target.
        BusyFile.Replace(
            path,
            () =>
            {
#if NET
                File.Move(temporary, path, overwrite);
#else
                if (overwrite)
                    File.Delete(path);
                File.Move(temporary, path);
#endif
            },
            cancellationToken);
        return false;
    }

    private MlflowException Differs() =>
        Failed($"{path} already exists with different content. Use -Force to replace it, or download into another folder.");

    private MlflowException Failed(string message) => new(ErrorKind.ArtifactReceiveFailed, message) { Target = file.ArtifactPath };
}
