using System.Globalization;
using System.IO.Compression;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Writes zips to send into a temporary folder. The same files give the same bytes.</summary>
public sealed class ZipFolder : IDisposable
{
    private const int BufferBytes = 1 << 20;

    // The earliest time that a zip can hold.
    private static readonly DateTimeOffset Written = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ScratchFolder _folder = new();
    private int _count;

    /// <summary>Writes the zips of bundles. A bundle that fails does not stop the others.</summary>
    /// <param name="bundles">The bundles.</param>
    /// <param name="starting">Called with each bundle before its zip is written.</param>
    /// <param name="failed">Called with each bundle whose zip cannot be written.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<IReadOnlyList<ArtifactUpload>> WriteAllAsync(
        IEnumerable<ArtifactBundle> bundles,
        Action<ArtifactBundle> starting,
        Action<ArtifactUploaded> failed,
        CancellationToken cancellationToken)
    {
        List<ArtifactUpload> zips = [];
        foreach (ArtifactBundle bundle in bundles)
        {
            starting(bundle);
            try
            {
                zips.Add(await WriteAsync(bundle, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException
                || (e is MlflowException known && !known.EndsTransfer()))
            {
                failed(bundle.Failed(e));
            }
        }

        return zips;
    }

    /// <summary>Writes the zip of a bundle.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ArtifactPathInvalid"/> for a name that no store accepts, or that occurs twice.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read, or changed in the meantime.</exception>
    public async Task<ArtifactUpload> WriteAsync(ArtifactBundle bundle, CancellationToken cancellationToken)
    {
        string path = Path.Combine(_folder.Root, $"{(_count++).ToString(CultureInfo.InvariantCulture)}.zip");
        HashSet<string> names = new(StringComparer.Ordinal);
        using (FileStream stream = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create))
        {
            foreach (ArtifactUpload file in bundle.Files.OrderBy(file => file.ArtifactPath, StringComparer.Ordinal))
            {
                string name = bundle.NameOf(file);
                if (!names.Add(name))
                    throw Twice(name);
                await AddAsync(zip, name, file.Source, cancellationToken).ConfigureAwait(false);
            }
        }

        return bundle.Upload(new FileSource(new FileInfo(path)));
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();

    private static MlflowException Twice(string name) =>
        new(ErrorKind.ArtifactPathInvalid, $"Two files would have the name '{name}' in the zip.") { Target = name };

    private static async Task AddAsync(ZipArchive zip, string name, ArtifactSource source, CancellationToken cancellationToken)
    {
        if (source is FileSource && SpecialFiles.Describe(source.Location) is { } special)
            throw new IOException($"{source} is {special}. Only regular files are sent.");
        FileState before = source.State;
        using (Stream from = await source.OpenAsync(cancellationToken).ConfigureAwait(false))
        {
            ZipArchiveEntry entry = zip.CreateEntry(name);
            entry.LastWriteTime = Written;
            using Stream to = entry.Open();
            await from.CopyToAsync(to, BufferBytes, cancellationToken).ConfigureAwait(false);
        }

        if (source.State != before)
            throw new IOException($"{source} changed while it was compressed. Send it again when no other program is writing to it.");
    }
}
