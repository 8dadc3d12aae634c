using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Files that are stored as one zip, so that they keep their names. Every store accepts the name of the zip.</summary>
/// <param name="ArtifactPath">The path of the file or folder in the run, without compression.</param>
/// <param name="Origin">Its path on this machine, or its URI.</param>
/// <param name="Files">Its files, with their paths in the run without compression.</param>
public sealed record ArtifactBundle(string ArtifactPath, string Origin, IReadOnlyList<ArtifactUpload> Files)
{
    private const string Extension = ".zip";

    private static readonly Regex Unsafe = new(@"[%?;#\\/\p{Cc}]", RegexOptions.CultureInvariant);

    /// <summary>The folder of the zip. Names in the zip are relative to it.</summary>
    public string Folder
    {
        get
        {
            string folder = "";
            foreach (string segment in RemoteArtifacts.ParentOf(ArtifactPath).Split('/'))
            {
                string below = Artifacts.ArtifactPath.Join(folder, segment);
                if (ServedPath.WhyChanged(below) is not null)
                    break;
                folder = below;
            }

            return folder;
        }
    }

    /// <summary>The path of the zip in the run.</summary>
    public string ZipPath
    {
        get
        {
            string name = RelativeName(ArtifactPath), safe = Unsafe.Replace(name, "_");
            return Artifacts.ArtifactPath.Join(Folder, (safe == name ? name : $"{safe}-{ShortHash(name)}") + Extension);
        }
    }

    /// <summary>The files of a workflow's outputs, one bundle for each folder of the run.</summary>
    public static IEnumerable<ArtifactBundle> ByFolder(IEnumerable<ArtifactUpload> uploads) =>
        uploads.GroupBy(upload => upload.Folder, StringComparer.Ordinal)
            .Select(group => new ArtifactBundle(group.Key.Length == 0 ? "artifacts" : group.Key, OriginOf(group.First()), [.. group]));

    /// <summary>Whether the path is that of a zip.</summary>
    public static bool IsZip(string artifactPath) => artifactPath.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>The result if the zip cannot be created.</summary>
    public ArtifactUploaded Failed(Exception error) => new(Upload(new BytesSource(Origin, [])), error);

    /// <summary>The upload of the zip.</summary>
    internal ArtifactUpload Upload(ArtifactSource zip) =>
        new(zip, ZipPath) { Kind = Files[0].Kind, Folder = Files[0].Folder, Origin = Origin };

    /// <summary>The name of a file in the zip.</summary>
    internal string NameOf(ArtifactUpload file) => RelativeName(Artifacts.ArtifactPath.Normalize(file.ArtifactPath));

    private string RelativeName(string path) => Folder.Length == 0 ? path : path.Substring(Folder.Length + 1);

    // The folder on this machine that became the folder of the run.
    private static string OriginOf(ArtifactUpload upload)
    {
        string path = upload.Source.Location;
        string end = upload.Folder.Length == 0 ? "/" + upload.ArtifactPath : upload.ArtifactPath.Substring(upload.Folder.Length);
        return path.Replace('\\', '/').EndsWith(end, StringComparison.Ordinal) ? path.Substring(0, path.Length - end.Length) : path;
    }

    // Two names that differ only in unsafe characters get two zips.
    private static string ShortHash(string name)
    {
        using var sha = SHA256.Create();
        return string.Concat(sha.ComputeHash(Encoding.UTF8.GetBytes(name)).Take(4).Select(part => part.ToString("x2")));
    }
}
