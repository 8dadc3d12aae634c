namespace Anovos.Mlflow.Artifacts;

/// <summary>A store that can send from any source, without a file.</summary>
internal interface ISourceStore : IArtifactStore
{
    /// <summary>Stores the source's bytes. Returns null after a server-side copy: this client did not see the bytes.</summary>
    /// <inheritdoc cref="IArtifactStore.SendAsync"/>
    Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken);
}

/// <summary>Sends from any source to any store.</summary>
internal static class SourceSending
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Streams to the store if it can, otherwise through a temporary file. Returns null as <see cref="ISourceStore"/> does.</summary>
    public static Task<ArtifactContent?> SendAsync(this IArtifactStore store, ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        if (store is ISourceStore any)
            return any.SendAsync(source, artifactPath, sent, cancellationToken);
        if (source is FileSource file)
            return store.SendAsync(file.File, artifactPath, sent, cancellationToken)!;
        return SpoolAsync(store, source, artifactPath, sent, cancellationToken);
    }

    private static async Task<ArtifactContent?> SpoolAsync(IArtifactStore store, ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        var spool = new FileInfo(Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{Guid.NewGuid():N}.tmp"));
        try
        {
            using (Stream from = await source.OpenAsync(cancellationToken).ConfigureAwait(false))
            using (FileStream to = new(spool.FullName, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true))
                await from.CopyToAsync(to, BufferBytes, cancellationToken).ConfigureAwait(false);
            return await store.SendAsync(spool, artifactPath, sent, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            spool.Delete();
        }
    }
}
