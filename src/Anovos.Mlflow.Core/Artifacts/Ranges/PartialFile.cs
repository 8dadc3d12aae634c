using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// A file that has not come whole, beside the one that it becomes, and a record of the ranges that it has: a JSON Lines file, which
/// one process at a time has open. Without a record the file is deleted when the download fails.
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

    /// <summary>What the store calls the content that the ranges are of; null for none yet.</summary>
    public string? ETag => _header?.ETag;

    /// <summary>Whether the name is one of a transfer's own files, which are neither listed nor sent.</summary>
    public static bool IsOwn(string name) => OwnName.IsMatch(name);

    /// <summary>Opens what there is of a file. Another process that receives the same file gets a partial file of its own.</summary>
    public static PartialFile Open(string target)
    {
        using SHA256 hash = SHA256.Create();
        string folder = System.IO.Path.GetDirectoryName(target)!;
        string name = Hex.Of(hash.ComputeHash(Encoding.UTF8.GetBytes(System.IO.Path.GetFileName(target)))).Substring(0, 16);
        string path = System.IO.Path.Combine(folder, $".anovos-{name}.part");
        string record = System.IO.Path.Combine(folder, $".anovos-{name}.ranges");
        try
        {
            // The folder may be another user's as well: what is written must not go where a link leads.
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

    /// <summary>The bytes that are missing of the content that an address has; all of it if another one was begun.</summary>
    public IReadOnlyList<ByteRange> Missing(string address, long length)
    {
        if (_header is not null && (_header.Address != address || _header.Length != length))
            Reset();
        lock (_ranges)
            return ByteRange.Missing(_ranges, length);
    }

    /// <summary>Begins with a content.</summary>
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

    /// <summary>Adds bytes that were written.</summary>
    public void Add(ByteRange range)
    {
        lock (_ranges)
        {
            _ranges.Add(range);
            Append(range);
        }
    }

    /// <summary>Forgets all that came.</summary>
    public void Reset()
    {
        lock (_ranges)
        {
            (_header, _isPlaced) = (null, false);
            _ranges.Clear();
            _record?.SetLength(0);
        }
    }

    /// <summary>Opens the bytes to write some of them. Several may be open at once.</summary>
    public FileStream Write() =>
        new(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);

    /// <summary>Says that the file is in its place, or is not wanted.</summary>
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
            // Another process has begun to receive the same file.
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
            // A disk that is full fails the download where the bytes are written.
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
            // The process was killed while it wrote a line. The lines before it are right.
        }

        _record!.SetLength(0);
        if (header is not { Address: not null, ETag.Length: > 0 } || !File.Exists(Path) || new FileInfo(Path).Length != header.Length)
            return;
        Append(_header = header);
        ranges.ForEach(Add);
    }

    private sealed record Header(string Address, string ETag, long Length);
}
