using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Stores artifacts by path, such as <c>1/&lt;run&gt;/artifacts/a.txt</c>. Uploads are kept in numbered files of a temporary folder,
/// because not every file system supports all names that MLflow allows.
/// </summary>
internal sealed class ArtifactStore : IDisposable
{
    private readonly ConcurrentDictionary<string, StoredArtifact> _uploads = new(StringComparer.Ordinal);
    private readonly DirectoryInfo _uploadFolder = Directory.CreateTempSubdirectory("mlflow-uploads-");
    private readonly DirectoryInfo? _rootFolder;
    private int _count;

    public ArtifactStore(ArtifactRootKind kind, string bucketScheme)
    {
        _rootFolder = kind == ArtifactRootKind.File ? Directory.CreateTempSubdirectory("mlflow-artifacts-") : null;
        Root = kind == ArtifactRootKind.Bucket ? $"{bucketScheme}://artifacts/mlflow/"
            : _rootFolder == null ? "mlflow-artifacts:/"
            : new Uri(_rootFolder.FullName).AbsoluteUri + "/";
    }

    /// <summary>The URI below which every experiment has its folder.</summary>
    public string Root { get; }

    public string? RootFolder => _rootFolder?.FullName;

    public IReadOnlyDictionary<string, StoredArtifact> All
    {
        get
        {
            var all = new SortedDictionary<string, StoredArtifact>(_uploads, StringComparer.Ordinal);
            foreach (var file in _rootFolder?.EnumerateFiles("*", SearchOption.AllDirectories) ?? [])
                all[Path.GetRelativePath(_rootFolder!.FullName, file.FullName).Replace('\\', '/')] = new StoredArtifact(file.FullName);
            return all;
        }
    }

    public StoredArtifact? Find(string path) => _uploads.GetValueOrDefault(path);

    public bool IsFolder(string path) => _uploads.Keys.Any(key => IsUnder(key, path));

    public async Task SaveAsync(string path, Stream content, Action<int> onRead, CancellationToken cancellationToken)
    {
        string number = Interlocked.Increment(ref _count).ToString(CultureInfo.InvariantCulture);
        string file = Path.Combine(_uploadFolder.FullName, number);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using (var stream = File.Create(file))
        {
            byte[] buffer = new byte[81920];
            for (int read; (read = await content.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                onRead(read);
                hash.AppendData(buffer, 0, read);
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }

        _uploads[path] = new StoredArtifact(file, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    public void Delete(string path)
    {
        foreach (string key in _uploads.Keys.Where(key => key == path || IsUnder(key, path)))
            _uploads.TryRemove(key, out _);
    }

    /// <summary>Lists the direct content of a folder. A length of null means a folder.</summary>
    public IReadOnlyList<(string Name, long? Length)> List(string folder)
    {
        string prefix = folder.Length == 0 ? "" : folder + "/";
        var found = new SortedDictionary<string, long?>(StringComparer.Ordinal);
        foreach (var (path, artifact) in All.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            string[] rest = path[prefix.Length..].Split('/', 2);
            found[rest[0]] = rest.Length == 1 ? artifact.Length : null;
        }

        return [.. found.Select(pair => (pair.Key, pair.Value))];
    }

    /// <summary>Returns the local path of the artifacts with that URI; null if they are elsewhere.</summary>
    public string? PathOf(string artifactUri) =>
        artifactUri.StartsWith(Root, StringComparison.Ordinal) ? Uri.UnescapeDataString(artifactUri[Root.Length..])
        : artifactUri.StartsWith("mlflow-artifacts:/", StringComparison.Ordinal) ? new Uri(artifactUri).AbsolutePath.TrimStart('/')
        : null;

    public void Dispose()
    {
        _uploadFolder.Delete(recursive: true);
        _rootFolder?.Delete(recursive: true);
    }

    private static bool IsUnder(string path, string folder) => path.StartsWith(folder + "/", StringComparison.Ordinal);
}
