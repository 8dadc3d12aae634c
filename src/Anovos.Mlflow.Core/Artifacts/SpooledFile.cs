namespace Anovos.Mlflow.Artifacts;

/// <summary>A temporary file with the bytes of a source, for a store that reads parts of a file in any order, and more than once.</summary>
internal static class SpooledFile
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Calls <paramref name="work"/> with the source's own file, or with a temporary one that is deleted afterwards.</summary>
    public static async Task<T> UseAsync<T>(ArtifactSource source, Func<FileInfo, Task<T>> work, CancellationToken cancellationToken)
    {
        if (source is FileSource file)
            return await work(file.File).ConfigureAwait(false);

        using Stream from = await source.OpenAsync(cancellationToken).ConfigureAwait(false);
        var spool = new FileInfo(Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{Guid.NewGuid():N}.tmp"));
        try
        {
            using (FileStream to = new(spool.FullName, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true))
                await from.CopyToAsync(to, BufferBytes, cancellationToken).ConfigureAwait(false);
            return await work(spool).ConfigureAwait(false);
        }
        finally
        {
            spool.Delete();
        }
    }
}
