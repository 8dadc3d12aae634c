namespace Anovos.Mlflow.Artifacts;

/// <summary>A file that a run lists, and why it must not be received.</summary>
/// <param name="ArtifactPath">Its path under the run's artifact root.</param>
/// <param name="Length">The listed length.</param>
/// <param name="Refused">What is wrong with its name; null for a name that may be used.</param>
public sealed record ListedArtifact(string ArtifactPath, long Length, string? Refused);

/// <summary>Finds the files at and below an artifact path, and trusts no name of it.</summary>
public static class ArtifactTree
{
    // Above what a run has, and below what a server that invents folders would have one ask for.
    private const int MaxDepth = 100;
    private const int MaxFolders = 100_000;

    /// <summary>The file at the path, or all files below the folder; several folders are listed at once.</summary>
    /// <param name="store">The run's artifacts.</param>
    /// <param name="artifactPath">A file or a folder; empty for all.</param>
    /// <param name="parallelism">How many folders are listed together at most.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/> when there is nothing at the path.</exception>
    public static async Task<IReadOnlyList<ListedArtifact>> FilesAsync(IArtifactStore store, string artifactPath, int parallelism, CancellationToken cancellationToken)
    {
        string start = ArtifactPath.Normalize(artifactPath);
        if (start.Length > 0)
        {
            Artifact entry = await FindAsync(store, start, cancellationToken).ConfigureAwait(false);
            if (!entry.IsDirectory)
                return [Listed(entry, RemoteArtifacts.ParentOf(start))];
        }

        List<ListedArtifact> files = [];
        int folders = 0;
        IReadOnlyList<string> level = [start];
        for (int depth = 0; level.Count > 0; depth++)
        {
            folders += level.Count;
            if (depth >= MaxDepth || folders > MaxFolders)
                throw new MlflowException(ErrorKind.ServerError, $"The run lists more than {MaxFolders} folders, or folders more than {MaxDepth} deep, below '{ListedName.ToShow(start)}'. Receive folders of it one by one.") { Target = start };
            List<string> below = [];
            await ParallelWork.RunAsync(level, Math.Min(parallelism, ParallelWork.DefaultParallelism), ListAsync, cancellationToken).ConfigureAwait(false);
            level = [.. below.Distinct().OrderBy(path => path, StringComparer.Ordinal)];

            async Task ListAsync(string folder, CancellationToken token)
            {
                IReadOnlyList<Artifact> entries = await store.ListAsync(folder, token).ConfigureAwait(false);
                lock (files)
                {
                    foreach (Artifact entry in entries)
                    {
                        ListedArtifact listed = Listed(entry, folder);
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

    /// <summary>The entry at a path. A listing of what is a file, or is not there, is empty; the folder above it tells.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/></exception>
    public static async Task<Artifact> FindAsync(IArtifactStore store, string artifactPath, CancellationToken cancellationToken)
    {
        IReadOnlyList<Artifact> siblings = await store.ListAsync(RemoteArtifacts.ParentOf(artifactPath), cancellationToken).ConfigureAwait(false);
        return siblings.FirstOrDefault(sibling => sibling.ArtifactPath == artifactPath)
            ?? throw new MlflowException(ErrorKind.ArtifactNotFound, $"The run has no artifact '{artifactPath}'. Get-MlflowArtifact without a path lists what it has.") { Target = artifactPath };
    }

    /// <summary>Removes files, several at once. One that fails is reported and stops no other; a server that no longer answers does.</summary>
    /// <param name="store">The run's artifacts.</param>
    /// <param name="artifactPaths">Which.</param>
    /// <param name="parallelism">How many at once at most.</param>
    /// <param name="failed">Told of each that was not removed; called from several threads.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <exception cref="MlflowException">Nothing more can be removed.</exception>
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
                catch (MlflowException e) when (!ArtifactTransfer.EndsAll(e))
                {
                    failed(path, e);
                    return null;
                }
            },
            cancellationToken);

    private static ListedArtifact Listed(Artifact entry, string folder)
    {
        string prefix = folder.Length == 0 ? "" : folder + "/";
        string? refused = entry.ArtifactPath.StartsWith(prefix, StringComparison.Ordinal)
            ? ListedName.WhyRefused(entry.ArtifactPath.Substring(prefix.Length), ListedName.IsWindows)
            : "is not in the folder that was listed";
        return new ListedArtifact(entry.ArtifactPath, Math.Max(0, entry.Length ?? 0), refused);
    }
}
