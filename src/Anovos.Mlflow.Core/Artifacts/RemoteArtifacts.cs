namespace Anovos.Mlflow.Artifacts;

/// <summary>What a run has already, as far as it matters to some uploads.</summary>
internal static class RemoteArtifacts
{
    /// <summary>
    /// The lengths of the files in the folders that the uploads go to. From the root down, so that a new run costs one request,
    /// and a folder that is not there none. Empty where the store cannot list.
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

            // Each folder once, whatever a server lists.
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

    /// <summary>The folder that holds a path; empty for the root.</summary>
    public static string ParentOf(string path) => path.LastIndexOf('/') is var slash and > 0 ? path.Substring(0, slash) : "";

    private static async Task<IReadOnlyList<Artifact>> TryListAsync(IArtifactStore store, string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await store.ListAsync(folder, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind is not (ErrorKind.TrackingServerUnreachable or ErrorKind.AuthenticationFailed or ErrorKind.BucketNotFound))
        {
            // Who may write need not be allowed to list: what is not known is sent.
            return [];
        }
    }
}
