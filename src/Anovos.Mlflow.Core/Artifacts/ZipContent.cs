using System.IO.Compression;

namespace Anovos.Mlflow.Artifacts;

/// <summary>The files in a zip. Does not trust their names.</summary>
internal sealed class ZipContent : IArtifactReader, IDisposable
{
    private const int BufferBytes = 1 << 20;

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>Opens a zip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">The folder of the run that names in the zip are relative to.</param>
    /// <exception cref="InvalidDataException">The file is not a zip.</exception>
    public ZipContent(string path, string folder)
    {
        _zip = ZipFile.OpenRead(path);
        try
        {
            List<ListedArtifact> files = [];
            foreach (ZipArchiveEntry entry in _zip.Entries.Where(entry => !entry.FullName.EndsWith("/", StringComparison.Ordinal)))
            {
                string artifactPath = ArtifactPath.Join(folder, entry.FullName);
                string? refused = entry.FullName.Split('/')
                    .Select(name => ListedName.WhyRefused(name, WindowsName.IsWindows, TakesControls))
                    .FirstOrDefault(why => why is not null);
                files.Add(new ListedArtifact(artifactPath, entry.Length, refused));
                if (!_entries.ContainsKey(artifactPath))
                    _entries.Add(artifactPath, entry);
            }

            Files = files;
        }
        catch
        {
            _zip.Dispose();
            throw;
        }
    }

    /// <summary>The files, in the order of the zip.</summary>
    public IReadOnlyList<ListedArtifact> Files { get; }

    public bool TakesControls => true;

    public async Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        try
        {
            using Stream source = _entries[artifactPath].Open();
            await source.CopyToAsync(target, BufferBytes, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw new MlflowException(ErrorKind.ArtifactReceiveFailed, $"The file cannot be read from the zip: {e.Message}", e)
            {
                Target = artifactPath,
            };
        }
    }

    public void Dispose() => _zip.Dispose();
}
