using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Sends files as a cmdlet does, four at once, and gathers how each ended.</summary>
internal static class Uploads
{
    extension(ArtifactUpload upload)
    {
        /// <summary>The file, where it is one.</summary>
        public FileInfo File => ((FileSource)upload.Source).File;
    }

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
