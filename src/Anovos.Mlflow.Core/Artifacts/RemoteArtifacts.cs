namespace Anovos.Mlflow.Artifacts;

/// <summary>The artifacts that a run has already, in the folders that uploads go to.</summary>
internal static class RemoteArtifacts
{
    /// <summary>
    /// Returns the lengths of the files in the folders that the uploads go to; empty if the store cannot list. Lists from the root
    /// down, so that a new run costs one request and a missing folder none.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, long>> LengthsAsync(IArtifactStore store, IEnumerable<string> artifactPaths, int parallelism, CancellationToken cancellationToken)
    {
        HashSet<string> targets = new(StringComparer.Ordinal);
        foreach (string path in artifactPaths)
        {
            for (string folder = ParentOf(path); targets.Add(folder) && folder.Length > 0;)
                folder = ParentOf(folder);
        }

        Dictionary<string, long> lengths = new(StringComparer.Ordinal);
        IReadOnlyList<string> level = targets.Count == 0 ? [] : [""];
        while (level.Count > 0)
        {
            List<string> below = [];
            await ParallelWork.RunAsync(level, Math.Min(parallelism, ParallelWork.DefaultParallelism), ListAsync, cancellationToken).ConfigureAwait(false);

            // List each folder once, whatever the server returns.
            targets.ExceptWith(level);
            level = [.. below.Where(targets.Contains).Distinct()];

            async Task ListAsync(string folder, CancellationToken token)
            {
                IReadOnlyList<Artifact> entries = await TryListAsync(store, folder, token).ConfigureAwait(false);
                lock (lengths)
                {
                    below.AddRange(entries.Where(entry => entry.IsDirectory).Select(entry => entry.ArtifactPath));
                    foreach (Artifact file in entries.Where(entry => !entry.IsDirectory))
                        lengths[file.ArtifactPath] = file.Length ?? 0;
                }
            }
        }

        return lengths;
    }

    /// <summary>The parent folder of a path; empty for the root.</summary>
    public static string ParentOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path.Substring(0, slash) : "";

    private static async Task<IReadOnlyList<Artifact>> TryListAsync(IArtifactStore store, string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ListAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.MayBeSkipped())
        {
            // A user may be allowed to write but not to list. Send files whose remote state is unknown.
            return [];
        }
    }
}
