using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.Artifacts;

/// <summary>An upload in parts as it was begun.</summary>
/// <param name="Path">The file on this machine.</param>
/// <param name="Length">Bytes of the file.</param>
/// <param name="Written">Ticks of the file's last write, UTC.</param>
/// <param name="PartBytes">Bytes of a part.</param>
/// <param name="UploadId">What the store calls it; null where it needs no name.</param>
/// <param name="Targets">Where each part goes, in the order of the parts.</param>
internal sealed record BegunUpload(string Path, long Length, long Written, long PartBytes, string? UploadId, IReadOnlyList<PresignedUrl> Targets);

/// <summary>A part that arrived.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="ETag">What the store calls the part; empty where it has no name for it.</param>
/// <param name="Sha256">The hash of its bytes.</param>
internal sealed record SentPart(int Number, string ETag, string Sha256);

/// <summary>
/// What is known of an upload that was begun, so that it goes on after an interruption: a line of JSON on how it was begun, then
/// one a part that arrived. Only its user may read it, for the addresses in it let others write to the artifact; they expire.
/// Open, it belongs to one process; where it cannot be opened, the upload begins anew and nothing is kept.
/// </summary>
internal sealed class UnfinishedUpload : IDisposable
{
    private readonly string? _path;
    private readonly FileStream? _file;

    private UnfinishedUpload(string? path, FileStream? file) => (_path, _file) = (path, file);

    /// <summary>How it was begun; null when it was not.</summary>
    public BegunUpload? Begun { get; private set; }

    /// <summary>The parts that arrived.</summary>
    public Dictionary<int, SentPart> Parts { get; } = [];

    /// <summary>The upload to one artifact of a run.</summary>
    /// <param name="folder">Where records lie; null keeps none.</param>
    /// <param name="runId">The run; null keeps none.</param>
    /// <param name="artifactPath">The artifact's path in the run.</param>
    public static UnfinishedUpload Open(string? folder, string? runId, string artifactPath)
    {
        if (folder is null || runId is null || !SentJournal.NamesAFile(runId))
            return new UnfinishedUpload(null, null);
        using SHA256 hash = SHA256.Create();
        string name = HashingStream.ToHex(hash.ComputeHash(Encoding.UTF8.GetBytes(artifactPath))).Substring(0, 16);
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
            // Another process sends the same, or the disk is full: it is only slower without.
            return new UnfinishedUpload(null, null);
        }
    }

    public void Begin(BegunUpload begun)
    {
        Forget();
        Begun = begun;
        Append(begun);
    }

    public void Add(SentPart part)
    {
        lock (Parts)
        {
            Parts[part.Number] = part;
            Append(part);
        }
    }

    /// <summary>Nothing is known of it any more.</summary>
    public void Forget()
    {
        Begun = null;
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
            // Another process has begun to send the same.
        }
    }

    private static FileStream OpenFile(string path)
    {
        // To share with nobody is a lock on every system, and ends with its process.
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
            // A full disk is no reason not to send.
        }
    }

    private void Read()
    {
        using var reader = new StreamReader(_file!, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, 1 << 14, leaveOpen: true);
        try
        {
            Begun = reader.ReadLine() is { } first && JsonSerializer.Deserialize<BegunUpload>(first) is { Path: not null, Targets: not null } begun ? begun : null;
            while (reader.ReadLine() is { } line)
            {
                if (JsonSerializer.Deserialize<SentPart>(line) is { Sha256: not null, ETag: not null } part)
                    Parts[part.Number] = part;
            }
        }
        catch (JsonException)
        {
            // Torn by the end of a process: what stands before counts. The next line would join it, so the rest is written anew.
        }

        BegunUpload? known = Begun;
        SentPart[] parts = [.. Parts.Values];
        Forget();
        if (known is null)
            return;
        Begin(known);
        foreach (SentPart part in parts)
            Add(part);
    }
}
