namespace Anovos.Mlflow.Artifacts;

/// <summary>Downloads one file to a temporary name in its folder, and renames it once it is complete.</summary>
internal sealed class FileDownload(IArtifactReader store, ListedArtifact file, string path, bool overwrite)
{
    /// <summary>Downloads the file. Returns true if the existing file has the same bytes and was kept.</summary>
    public async Task<bool> RunAsync(Action<long> received, CancellationToken cancellationToken)
    {
        bool isLink = DestinationFolder.IsLink(path), exists = isLink || File.Exists(path);
        if (Directory.Exists(path) && !isLink)
            throw Failed($"{path} is a folder.");
        if (exists && !overwrite && (isLink || new FileInfo(path).Length != file.Length))
            throw Differs();
        string temporary = Path.Combine(Path.GetDirectoryName(path)!, $".anovos-{Guid.NewGuid():N}.tmp");
        try
        {
            ArtifactContent content = await WriteAsync(temporary, received, cancellationToken).ConfigureAwait(false);
            if (content.Length != file.Length)
                throw Failed($"{content.Length} bytes came, and the run lists {file.Length}. It was replaced meanwhile, or the server ended its answer early; try again.");
            if (exists && !isLink && content == await new FileSource(new FileInfo(path)).MeasureAsync(cancellationToken).ConfigureAwait(false))
                return true;
            if (exists && !overwrite)
                throw Differs();
            Place(temporary);
            return false;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private async Task<ArtifactContent> WriteAsync(string temporary, Action<long> received, CancellationToken cancellationToken)
    {
        using var target = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true);
        using var meter = new HashingStream(target, file.Length);
        await store.ReceiveAsync(file.ArtifactPath, meter, received, cancellationToken).ConfigureAwait(false);
        await target.FlushAsync(cancellationToken).ConfigureAwait(false);
        return meter.Finish();
    }

    // Replaces a link itself, never its target.
    private void Place(string temporary)
    {
#if NET
        File.Move(temporary, path, overwrite);
#else
        if (overwrite)
            File.Delete(path);
        File.Move(temporary, path);
#endif
    }

    private MlflowException Differs() => Failed($"{path} is there with other content. Replace it with -Force, or receive into another folder.");

    private MlflowException Failed(string message) => new(ErrorKind.ArtifactReceiveFailed, message) { Target = file.ArtifactPath };
}
