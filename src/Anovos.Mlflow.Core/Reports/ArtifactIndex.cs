using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Reports;

/// <summary>The files of a run, up to the number that anyone would look through.</summary>
/// <param name="Files">The files, in the order of their paths.</param>
/// <param name="IsComplete">Whether the list is complete.</param>
internal sealed record ArtifactIndex(IReadOnlyList<Artifact> Files, bool IsComplete)
{
    // Listing a folder of a server takes a request, and Spark leaves folders with thousands of files.
    private const int MostFiles = 1000;
    private const int MostFolders = 200;

    public static ArtifactIndex Empty { get; } = new([], IsComplete: true);

    /// <summary>Lists folder by folder, starting near the root.</summary>
    public static async Task<ArtifactIndex> ReadAsync(IArtifactStore store, CancellationToken cancellationToken)
    {
        List<Artifact> files = [];
        var seen = new HashSet<string>(StringComparer.Ordinal) { "" };
        var folders = new Queue<string>([""]);
        int listed = 0;
        bool skipped = false;
        for (; folders.Count > 0 && listed < MostFolders && files.Count <= MostFiles; listed++)
        {
            IReadOnlyList<Artifact> entries;
            try
            {
                entries = await store.ListAsync(folders.Dequeue(), cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactPathInvalid)
            {
                // An MLflow server cannot list a folder whose name it would decode.
                skipped = true;
                continue;
            }

            foreach (Artifact entry in entries.OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal))
            {
                if (!entry.IsDirectory)
                    files.Add(entry);
                else if (seen.Add(entry.ArtifactPath))
                    folders.Enqueue(entry.ArtifactPath);
            }
        }

        bool isComplete = !skipped && folders.Count == 0 && files.Count <= MostFiles;
        return new ArtifactIndex([.. files.Take(MostFiles).OrderBy(file => file.ArtifactPath, StringComparer.Ordinal)], isComplete);
    }
}
