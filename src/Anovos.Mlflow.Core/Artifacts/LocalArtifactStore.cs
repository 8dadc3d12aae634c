namespace Anovos.Mlflow.Artifacts;

/// <summary>Stores artifacts in a folder on this machine.</summary>
/// <param name="root">The folder.</param>
/// <param name="onWindows">Whether the rules of Windows for names apply; by default, whether this is Windows.</param>
internal sealed class LocalArtifactStore(string root, bool? onWindows = null) : IArtifactStore
{
    private const int BufferBytes = 1 << 20;

    public string Root => root;

    public bool IsLocal => true;

    public bool TakesControls => true;

    public async Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string target = FullPath(artifactPath);
        string temporary = Path.Combine(Scratch(), $".{Guid.NewGuid():N}.tmp");
        using Stream bytes = await source.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            ArtifactContent content;
            using (FileStream copy = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true))
            using (HashingStream meter = new(copy, long.MaxValue))
            {
                await CopyAsync(bytes, source.Length, meter, sent, cancellationToken).ConfigureAwait(false);
                content = meter.Finish();
            }

            AtomicFile.Replace(temporary, target, cancellationToken);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.ArtifactSendFailed, $"The artifact '{artifactPath}' could not be written to {target}: {e.Message}", e) { Target = artifactPath };
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }

    public async Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = FullPath(artifactPath);
        if (!File.Exists(path))
            throw new MlflowException(ErrorKind.ArtifactNotFound, $"The run has no artifact '{artifactPath}': {path} is not a file.") { Target = artifactPath };
        using FileStream source = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);
        await CopyAsync(source, source.Length, target, received, cancellationToken).ConfigureAwait(false);
    }

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<Artifact>>(
            () =>
            {
                string path = ArtifactPath.Normalize(artifactPath);
                if (WhyRefused(path) is not null)
                    return [];
                var folder = new DirectoryInfo(FullPath(path));
                return folder.Exists
                    ? [.. folder.EnumerateFileSystemInfos()

                        .Where(entry => !PartialFile.IsOwn(entry.Name))

                        // A link to a folder may be circular.
                        .Where(entry => entry is FileInfo || (entry.Attributes & FileAttributes.ReparsePoint) == 0)
                        .Select(entry => new Artifact(ArtifactPath.Join(artifactPath, entry.Name), entry is DirectoryInfo, (entry as FileInfo)?.Length))
                        .OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal)]
                    : [];
            },
            cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            string path = FullPath(ArtifactPath.OfRemoval(artifactPath));
            try
            {
                // Removes a link itself, never its target.
                if (Directory.Exists(path))
                    Directory.Delete(path, recursive: (File.GetAttributes(path) & FileAttributes.ReparsePoint) == 0);
                else if (Directory.Exists(Path.GetDirectoryName(path)))
                    BusyFile.Replace(path, () => File.Delete(path), cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new MlflowException(ErrorKind.ArtifactRemovalFailed, $"The artifact '{artifactPath}' could not be removed from {path}: {e.Message}", e) { Target = artifactPath };
            }
        },
        cancellationToken);

    public void Dispose()
    {
    }

    // Temporary files are next to the root, in the run's own folder. In the root, those of a killed process would become artifacts.
    private string Scratch() => Path.GetDirectoryName(Path.GetFullPath(root).TrimEnd(Path.DirectorySeparatorChar)) is { Length: > 0 } run ? run : root;

    private static async Task CopyAsync(Stream source, long length, Stream target, Action<long> copied, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[Math.Max(1, Math.Min(length, BufferBytes))];
        int read;
        while ((read = await source.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false)) > 0)
        {
            await target.WriteAsync(buffer, 0, read, cancellationToken).ConfigureAwait(false);
            copied(read);
        }
    }

    private string FullPath(string artifactPath)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        return WhyRefused(path) is { } why
            ? throw new MlflowException(ErrorKind.ArtifactPathInvalid,
                $"The artifact '{ListedName.ToShow(artifactPath)}' cannot exist in a folder on this system: {why}.")
            { Target = artifactPath }
            : Path.Combine(root, path.Replace('/', Path.DirectorySeparatorChar));
    }

    // On other systems, the rules of all paths are enough.
    private string? WhyRefused(string path) => !(onWindows ?? WindowsName.IsWindows)
        ? null
        : path.Split('/')
            .Select(name => WindowsName.WhyRefused(name) is { } why ? $"'{ListedName.ToShow(name)}' {why}" : null)
            .FirstOrDefault(why => why is not null);
}
