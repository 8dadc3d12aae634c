using System.Net;
using System.Net.Http.Headers;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// A request body that is read from a file, or a part of it, as it goes out; always with its length: MLflow 3 stores an empty
/// file for a chunked one.
/// </summary>
internal sealed class FileContent : HttpContent
{
    private const int BufferBytes = 1 << 20;

    private readonly FileInfo _file;
    private readonly long _offset;
    private readonly long _length;
    private readonly Action<long> _sent;
    private readonly CancellationToken _cancellationToken;

    /// <param name="file">The file.</param>
    /// <param name="sent">Told the number of bytes each time some have gone out.</param>
    /// <param name="cancellationToken">Ends the reading; .NET Framework hands none on.</param>
    /// <param name="part">What of the file; without it all.</param>
    public FileContent(FileInfo file, Action<long> sent, CancellationToken cancellationToken, FilePart? part = null)
    {
        _file = FileLinks.Follow(file) ?? file;
        _offset = part?.Offset ?? 0;
        _length = part?.Length ?? _file.Length;
        _sent = sent;
        _cancellationToken = cancellationToken;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Headers.ContentLength = _length;
    }

    /// <summary>What went out; null before all of it did.</summary>
    public ArtifactContent? Sent { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // A redirect has the same content written once more.
        Sent = null;
        using FileStream source = Open();
        source.Position = _offset;
        using var meter = new ContentMeter(stream, _length);
        byte[] buffer = new byte[Math.Max(1, Math.Min(_length, BufferBytes))];
        long left = _length;
        while (left > 0)
        {
            int read = await ReadAsync(source, buffer, (int)Math.Min(left, buffer.Length)).ConfigureAwait(false);
            if (read == 0)
                throw new FileReadException(new IOException($"{_file.FullName} became shorter while it was sent. Send it again when nothing writes to it any more."));
            await meter.WriteAsync(buffer, 0, read, _cancellationToken).ConfigureAwait(false);
            left -= read;
            _sent(read);
        }

        Sent = meter.Finish();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    private FileStream Open()
    {
        try
        {
            // The content reads in large blocks of its own; a second buffer would only copy.
            return new FileStream(_file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileReadException(e);
        }
    }

    private async Task<int> ReadAsync(FileStream source, byte[] buffer, int count)
    {
        try
        {
            return await source.ReadAsync(buffer, 0, count, _cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new FileReadException(e);
        }
    }
}

/// <summary>Marks a failure to read the file among failures to send it: HttpClient wraps both alike.</summary>
internal sealed class FileReadException(Exception cause) : IOException(cause.Message, cause);
