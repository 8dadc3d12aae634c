namespace Anovos.Mlflow.Artifacts;

/// <summary>A file that a run lists, and whether it may be downloaded.</summary>
/// <param name="ArtifactPath">The path relative to the run's artifact root.</param>
/// <param name="Length">The listed length.</param>
/// <param name="Refused">Why its name must not be used for a local file; null for a safe name.</param>
public sealed record ListedArtifact(string ArtifactPath, long Length, string? Refused);

/// <summary>Finds the files at and below an artifact path. Does not trust their names.</summary>
public static class ArtifactTree
{
    // More than real runs have. A faulty or hostile server could list folders without end.
    private const int MaxDepth = 100;
    private const int MaxFolders = 100_000;

    /// <summary>Returns the file at the path, or all files below the folder. Lists several folders concurrently.</summary>
    /// <param name="store">The run's artifacts.</param>
    /// <param name="artifactPath">A file or a folder; empty for all.</param>
    /// <param name="parallelism">The maximum number of concurrent requests.</param>
    /// <param name="cancellationToken">Cancels the listing.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/> when there is nothing at the path.</exception>
    public static async Task<IReadOnlyList<ListedArtifact>> FilesAsync(IArtifactStore store, string artifactPath, int parallelism, CancellationToken cancellationToken)
    {
        string start = ArtifactPath.Normalize(artifactPath);
        if (start.Length > 0)
        {
            Artifact entry = await FindAsync(store, start, cancellationToken).ConfigureAwait(false);
            if (!entry.IsDirectory)
                return [Listed(store, entry, RemoteArtifacts.ParentOf(start))];
        }

        List<ListedArtifact> files = [];
        int folders = 0;
        IReadOnlyList<string> level = [start];
        for (int depth = 0; level.Count > 0; depth++)
        {
            folders += level.Count;
            if (depth >= MaxDepth || folders > MaxFolders)
                throw new MlflowException(ErrorKind.ServerError, $"The run lists more than {MaxFolders} folders, or folders nested more than {MaxDepth} levels deep, below '{ListedName.ToShow(start)}'. Download its folders one at a time.") { Target = start };
            List<string> below = [];
            await ParallelWork.RunAsync(level, Math.Min(parallelism, ParallelWork.DefaultParallelism), ListAsync, cancellationToken).ConfigureAwait(false);
            level = [.. below.Distinct().OrderBy(path => path, StringComparer.Ordinal)];

            async Task ListAsync(string folder, CancellationToken token)
            {
                IReadOnlyList<Artifact> entries;
                try
                {
                    entries = await store.ListAsync(folder, token).ConfigureAwait(false);
                }
                catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactPathInvalid && folder.Length > 0)
                {
                    // The store does not know the folder by that name. The others are still listed.
                    lock (files)
                        files.Add(new ListedArtifact(folder, 0, $"cannot be listed by the store. {e.Message.TrimEnd('.')}"));
                    return;
                }

                lock (files)
                {
                    foreach (Artifact entry in entries)
                    {
                        ListedArtifact listed = Listed(store, entry, folder);
                        if (entry.IsDirectory && listed.Refused is null)
                            below.Add(entry.ArtifactPath);
                        else
                            files.Add(listed);
                    }
                }
            }
        }

        files.Sort((one, other) => string.CompareOrdinal(one.ArtifactPath, other.ArtifactPath));
        return files;
    }

    /// <summary>Returns the entry at a path. Listing a file or a missing path returns nothing, so this lists the parent folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/></exception>
    public static async Task<Artifact> FindAsync(IArtifactStore store, string artifactPath, CancellationToken cancellationToken)
    {
        IReadOnlyList<Artifact> siblings = await store.ListAsync(RemoteArtifacts.ParentOf(artifactPath), cancellationToken).ConfigureAwait(false);
        return siblings.FirstOrDefault(sibling => sibling.ArtifactPath == artifactPath)
            ?? throw new MlflowException(ErrorKind.ArtifactNotFound, $"The run has no artifact '{artifactPath}'. Run Get-MlflowArtifact without a path to list its artifacts.") { Target = artifactPath };
    }

    /// <summary>
    /// Removes files concurrently. A file that fails is reported, and the others are still removed; a server that does not respond ends
    /// the operation.
    /// </summary>
    /// <param name="store">The run's artifacts.</param>
    /// <param name="artifactPaths">The files.</param>
    /// <param name="parallelism">The maximum number of concurrent removals.</param>
    /// <param name="failed">Called for each file that was not removed, from several threads.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">An error that fails every other removal as well.</exception>
    public static Task DeleteAsync(IArtifactStore store, IReadOnlyList<string> artifactPaths, int parallelism, Action<string, MlflowException> failed, CancellationToken cancellationToken) =>
        ParallelWork.RunAsync(
            artifactPaths,
            store.Concurrency(),
            parallelism,
            async (path, token) =>
            {
                try
                {
                    await store.DeleteAsync(path, token).ConfigureAwait(false);
                    return 0;
                }
                catch (MlflowException e) when (!e.EndsTransfer())
                {
                    failed(path, e);
                    return null;
                }
            },
            cancellationToken);

    private static ListedArtifact Listed(IArtifactStore store, Artifact entry, string folder)
    {
        string prefix = folder.Length == 0 ? "" : folder + "/";
        string? refused = entry.ArtifactPath.StartsWith(prefix, StringComparison.Ordinal)
            ? ListedName.WhyRefused(entry.ArtifactPath.Substring(prefix.Length), WindowsName.IsWindows, store.TakesControls)
            : "is not in the listed folder";
        return new ListedArtifact(entry.ArtifactPath, Math.Max(0, entry.Length ?? 0), refused);
    }
}
