using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A multipart upload that was started.</summary>
/// <param name="Path">The local file.</param>
/// <param name="Length">The length of the file in bytes.</param>
/// <param name="Written">Ticks of the file's last write, UTC.</param>
/// <param name="PartBytes">The part size in bytes.</param>
/// <param name="UploadId">The store's upload ID; null if it has none.</param>
internal sealed record CreatedUpload(string Path, long Length, long Written, long PartBytes, string? UploadId);

/// <summary>A part that was sent.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="ETag">The store's ETag of the part; empty if it has none.</param>
/// <param name="Sha256">The hash of its bytes.</param>
internal sealed record UploadedPart(int Number, string ETag, string Sha256);

/// <summary>
/// The state of a multipart upload, so that it can resume after an interruption: a JSON Lines file with the upload and then each part
/// that was sent. It has no presigned URLs, because others could use them to write to the artifact. Only its user can read it. One
/// process at a time has it open; if it cannot be opened, the upload starts from the beginning and no state is kept.
/// </summary>
internal sealed class UnfinishedUpload : IDisposable
{
    private readonly string? _path;
    private readonly FileStream? _file;

    private UnfinishedUpload(string? path, FileStream? file) => (_path, _file) = (path, file);

    /// <summary>The upload; null if none was started.</summary>
    public CreatedUpload? Created { get; private set; }

    /// <summary>The parts that were sent.</summary>
    public Dictionary<int, UploadedPart> Parts { get; } = [];

    /// <summary>Opens the state of the upload to one artifact of a run.</summary>
    /// <param name="folder">The folder for the state; null to keep none.</param>
    /// <param name="runId">The run; null to keep no state.</param>
    /// <param name="artifactPath">The artifact's path in the run.</param>
    public static UnfinishedUpload Open(string? folder, string? runId, string artifactPath)
    {
        if (folder is null || runId is null || !StateFolder.CanName(runId))
            return new UnfinishedUpload(null, null);
        using SHA256 hash = SHA256.Create();
        string name = Hex.Of(hash.ComputeHash(Encoding.UTF8.GetBytes(artifactPath))).Substring(0, 16);
        string path = Path.Combine(folder, $"{runId}.{name}.parts");
        try
        {
            Directory.CreateDirectory(folder);
            var upload = new UnfinishedUpload(path, OpenFile(path));
            upload.Read();
            return upload;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process sends the same file, or the disk is full. The upload works without state.
            return new UnfinishedUpload(null, null);
        }
    }

    public void Create(CreatedUpload created)
    {
        Forget();
        Created = created;
        Append(created);
    }

    public void Add(UploadedPart part)
    {
        lock (Parts)
        {
            Parts[part.Number] = part;
            Append(part);
        }
    }

    /// <summary>Discards the state.</summary>
    public void Forget()
    {
        Created = null;
        Parts.Clear();
        _file?.SetLength(0);
    }

    public void Dispose()
    {
        bool isEmpty = _file is { Length: 0 };
        _file?.Dispose();
        try
        {
            if (isEmpty)
                File.Delete(_path!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has started to send the same file.
        }
    }

    private static FileStream OpenFile(string path)
    {
        // FileShare.None is a lock on every system, and ends with the process.
#if NET
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
#else
        return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
#endif
    }

    private void Append<T>(T line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n'];
        try
        {
            _file?.Write(bytes, 0, bytes.Length);
        }
        catch (IOException)
        {
            // A full disk must not fail the upload.
        }
    }

    private void Read()
    {
        using var reader = new StreamReader(_file!, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, 1 << 14, leaveOpen: true);
        try
        {
            Created = reader.ReadLine() is { } first && JsonSerializer.Deserialize<CreatedUpload>(
                first) is { Path: not null } created ? created : null;
            while (reader.ReadLine() is { } line)
            {
                if (JsonSerializer.Deserialize<UploadedPart>(line) is { Sha256: not null, ETag: not null } part)
                    Parts[part.Number] = part;
            }
        }
        catch (JsonException)
        {
            // The process was killed while it wrote a line. Keep the lines before it, and rewrite the file, or the next line would join it.
        }

        CreatedUpload? known = Created;
        UploadedPart[] parts = [.. Parts.Values];
        Forget();
        if (known is null)
            return;
        Create(known);
        foreach (UploadedPart part in parts)
            Add(part);
    }
}
