using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Records files that stay where they are: a JSON artifact for each of their folders, with the location, the length and a checksum of
/// every file. The same files give the same bytes.
/// </summary>
public static class ReferenceManifest
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Creates the manifests for uploads, each as <c>folder.manifest.json</c>. Local files are read, for their SHA-256.</summary>
    /// <param name="uploads">The files that would be sent.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static async Task<IReadOnlyList<ArtifactUpload>> OfAsync(IEnumerable<ArtifactUpload> uploads, CancellationToken cancellationToken)
    {
        List<ArtifactUpload> manifests = [];
        foreach (IGrouping<(string Kind, string Folder), ArtifactUpload> group in uploads.GroupBy(upload => (upload.Kind, upload.Folder)))
        {
            List<Reference> files = [];
            foreach (ArtifactUpload upload in group.OrderBy(upload => upload.ArtifactPath, StringComparer.Ordinal))
            {
                bool isHere = upload.Source is FileSource;
                files.Add(new Reference(upload.ArtifactPath, isHere ? LocalUri.FromPath(upload.Source.Location) : upload.Source.Location, upload.Length)
                {
                    Sha256 = isHere ? (await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false)).Sha256 : null,
                    Etag = upload.Source.State.ETag?.Trim('"'),
                    Md5 = upload.Md5,
                });
            }

            string path = group.Key.Folder.Length == 0 ? "manifest.json" : group.Key.Folder + ".manifest.json";
            byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(new Manifest(1, group.Key.Kind, files.Count, files.Sum(file => file.Length), files), Format);
            manifests.Add(new ArtifactUpload(new BytesSource(path, bytes), path) { Kind = group.Key.Kind });
        }

        return manifests;
    }

    private sealed record Manifest(int Version, string Kind, int FileCount, long Length, IReadOnlyList<Reference> Files);

    private sealed record Reference(string ArtifactPath, string Uri, long Length)
    {
        public string? Etag { get; init; }

        public string? Md5 { get; init; }

        public string? Sha256 { get; init; }
    }
}
