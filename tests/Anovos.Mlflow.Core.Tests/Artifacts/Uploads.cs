using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Sends files like a cmdlet, four at once, and collects the results.</summary>
internal static class Uploads
{
    extension(ArtifactUpload upload)
    {
        /// <summary>The file, if the source is one.</summary>
        public FileInfo File => ((FileSource)upload.Source).File;
    }

    /// <summary>Sends a file. Its bytes always pass through this machine.</summary>
    public static async Task<ArtifactContent> SendAsync(this IArtifactStore artifacts, FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken) =>
        (await artifacts.SendAsync(new FileSource(file), path, sent, cancellationToken))!;

    public static async Task<List<ArtifactUploaded>> SendAsync(IArtifactStore artifacts, IReadOnlyList<ArtifactUpload> uploads)
    {
        var results = new List<ArtifactUploaded>();
        await new ArtifactTransfer(artifacts, 4).SendAsync(
            uploads,
            result =>
            {
                lock (results)
                    results.Add(result);
            },
            _ => { },
            default);
        return results;
    }
}
