using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// A partly downloaded file, next to its final path, and a record of the ranges that it has: a JSON Lines file that one process at a
/// time has open. Without a record, the file is deleted when the download fails.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private static readonly Regex OwnName = new(@"^\.anovos-[0-9a-f]{16,32}\.(?:part|ranges|tmp)\z", RegexOptions.CultureInvariant);

    private readonly string? _recordPath;
    private readonly FileStream? _record;
    private readonly List<ByteRange> _ranges = [];
    private Header? _header;
    private bool _isPlaced;

    private PartialFile(string path, string? recordPath, FileStream? record) =>
        (Path, _recordPath, _record) = (path, recordPath, record);

    /// <summary>The file with the bytes.</summary>
    public string Path { get; }

    /// <summary>The ETag of the content that the ranges belong to; null if there is none yet.</summary>
    public string? ETag => _header?.ETag;

    /// <summary>Whether the name is one of a transfer's own files, which are neither listed nor sent.</summary>
    public static bool IsOwn(string name) => OwnName.IsMatch(name);

    /// <summary>Opens the partial file of a file. Another process that downloads the same file gets its own partial file.</summary>
    public static PartialFile Open(string target)
    {
        using SHA256 hash = SHA256.Create();
        string folder = System.IO.Path.GetDirectoryName(target)!;
        string name = Hex.Of(hash.ComputeHash(Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(target)))).Substring(0, 16);
        string path = System.IO.Path.Combine(folder, $".anovos-{name}.part");
        string record = System.IO.Path.Combine(folder, $".anovos-{name}.ranges");
        try
        {
            // Another user may be able to write to the folder, so never write through a link.
            foreach (string link in new[] { path, record }.Where(DestinationFolder.IsLink))
                File.Delete(link);

            // FileShare.None is a lock on every system, and ends with the process.
            var stream = new FileStream(record, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            var partial = new PartialFile(path, record, stream);
            partial.Read();
            return partial;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new PartialFile(System.IO.Path.Combine(folder, $".anovos-{Guid.NewGuid():N}.part"), null, null);
        }
    }

    /// <summary>Returns the missing bytes of the content at an address; the whole content if the file has bytes of another one.</summary>
    public IReadOnlyList<ByteRange> Missing(string address, long length)
    {
        if (_header is not null && (_header.Address != address || _header.Length != length))
            Reset();
        lock (_ranges)
            return ByteRange.Missing(_ranges, length);
    }

    /// <summary>Starts a content, unless one was already started.</summary>
    public void Begin(string address, string etag, long length)
    {
        lock (_ranges)
        {
            if (_header is not null)
                return;
            using (FileStream data = Write())
                data.SetLength(length);
            Append(_header = new Header(address, etag, length));
        }
    }

    /// <summary>Adds a range that was written.</summary>
    public void Add(ByteRange range)
    {
        lock (_ranges)
        {
            _ranges.Add(range);
            Append(range);
        }
    }

    /// <summary>Discards all ranges.</summary>
    public void Reset()
    {
        lock (_ranges)
        {
            (_header, _isPlaced) = (null, false);
            _ranges.Clear();
            _record?.SetLength(0);
        }
    }

    /// <summary>Opens the file for writing. It may be opened several times at once.</summary>
    public FileStream Write() =>
        new(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);

    /// <summary>Marks the file as moved to its final path, or as not needed.</summary>
    public void Done()
    {
        Reset();
        _isPlaced = true;
    }

    public void Dispose()
    {
        bool isKept = _header is not null && _record is not null && !_isPlaced;
        try
        {
            if (!isKept)
                File.Delete(Path);
            _record?.Dispose();
            if (!isKept && _recordPath is not null)
                File.Delete(_recordPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another process has started to download the same file.
        }
    }

    private void Append<T>(T line)
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(line), (byte)'\n'];
        try
        {
            _record?.Write(bytes, 0, bytes.Length);
        }
        catch (IOException)
        {
            // If the disk is full, the download fails where it writes its bytes.
        }
    }

    private void Read()
    {
        Header? header = null;
        List<ByteRange> ranges = [];
        try
        {
            using var reader = new StreamReader(_record!, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, 1 << 14, leaveOpen: true);
            header = reader.ReadLine() is { } first ? JsonSerializer.Deserialize<Header>(first) : null;
            while (header is not null && reader.ReadLine() is { } line)
            {
                ByteRange range = JsonSerializer.Deserialize<ByteRange>(line);
                if (range.From >= 0 && range.To <= header.Length && range.Length > 0)
                    ranges.Add(range);
            }
        }
        catch (JsonException)
        {
            // The process was killed while it wrote a line. The lines before it are valid.
        }

        _record!.SetLength(0);
        if (header is not { Address: not null, ETag.Length: > 0 } || !File.Exists(Path) || new FileInfo(Path).Length != header.Length)
            return;
        Append(_header = header);
        ranges.ForEach(Add);
    }

    private sealed record Header(string Address, string ETag, long Length);
}
