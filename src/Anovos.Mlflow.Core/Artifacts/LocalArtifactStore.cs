namespace Anovos.Mlflow.Artifacts;

/// <summary>Artifacts in a folder of this machine.</summary>
internal sealed class LocalArtifactStore(string root) : IArtifactStore
{
    private const int BufferBytes = 1 << 20;

    public async Task SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string target = FullPath(artifactPath);
        string temporary = Path.Combine(Scratch(), $".{Guid.NewGuid():N}.tmp");
        using FileStream source = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using (FileStream copy = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, useAsync: true))
            {
                byte[] buffer = new byte[Math.Max(1, Math.Min(file.Length, BufferBytes))];
                int read;
                while ((read = await source.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false)) > 0)
                {
                    await copy.WriteAsync(buffer, 0, read, cancellationToken).ConfigureAwait(false);
                    sent(read);
                }
            }

            AtomicFile.Replace(temporary, target);
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

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<Artifact>>(
            () =>
            {
                var folder = new DirectoryInfo(FullPath(artifactPath));
                return folder.Exists
                    ? [.. folder.EnumerateFileSystemInfos()
                        .Select(entry => new Artifact(ArtifactPath.Join(artifactPath, entry.Name), entry is DirectoryInfo, (entry as FileInfo)?.Length))
                        .OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal)]
                    : [];
            },
            cancellationToken);

    public void Dispose()
    {
    }

    // Beside the root, which is in the run's own folder: among the artifacts, what a killed process leaves would be an artifact.
    private string Scratch() => Path.GetDirectoryName(Path.GetFullPath(root).TrimEnd(Path.DirectorySeparatorChar)) is { Length: > 0 } run ? run : root;

    private string FullPath(string artifactPath) => Path.Combine(root, ArtifactPath.Normalize(artifactPath).Replace('/', Path.DirectorySeparatorChar));
}
