using System.Buffers;
using System.Net;
using System.Net.Http.Headers;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// A request body that is streamed from a source, or from a part of a file. Always has a Content-Length, because MLflow 3 stores an
/// empty file for a chunked body.
/// </summary>
internal sealed class SourceContent : HttpContent
{
    private const int BufferBytes = 1 << 20;

    private readonly ArtifactSource _source;
    private readonly long _offset;
    private readonly long _length;
    private readonly Action<long> _sent;
    private readonly CancellationToken _cancellationToken;
    private long _written;

    /// <param name="source">The bytes.</param>
    /// <param name="sent">Called with the number of bytes sent since the last call.</param>
    /// <param name="cancellationToken">Cancels the reading. .NET Framework does not pass a token to the content.</param>
    /// <param name="part">The part of a file; null for the whole file.</param>
    public SourceContent(ArtifactSource source, Action<long> sent, CancellationToken cancellationToken, FilePart? part = null)
    {
        _source = source;
        _offset = part?.Offset ?? 0;
        _length = part?.Length ?? source.State.Length;
        _sent = sent;
        _cancellationToken = cancellationToken;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        Headers.ContentLength = _length;
    }

    /// <summary>The content that was sent; null until it was sent completely.</summary>
    public ArtifactContent? Sent { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        // After a redirect or with a new token, the same content is written again.
        Sent = null;
        if (_written > 0)
            _sent(-_written);
        _written = 0;
        using Stream source = await OpenAsync().ConfigureAwait(false);
        if (_offset > 0)
            source.Position = _offset;
        using var meter = new HashingStream(stream, _length);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(_length, BufferBytes));
        try
        {
            for (long left = _length; left > 0;)
            {
                int read = await ReadAsync(source, buffer, (int)Math.Min(left, buffer.Length)).ConfigureAwait(false);
                if (read == 0)
                    throw new FileReadException(new IOException($"{_source} became shorter during the upload. Send it again when no other program is writing to it."));
                await meter.WriteAsync(buffer, 0, read, _cancellationToken).ConfigureAwait(false);
                left -= read;
                _written += read;
                _sent(read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        Sent = meter.Finish();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    private async Task<Stream> OpenAsync()
    {
        try
        {
            return await _source.OpenAsync(_cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MlflowException)
        {
            throw new FileReadException(e);
        }
    }

    private async ValueTask<int> ReadAsync(Stream source, byte[] buffer, int count)
    {
        try
        {
            // An asynchronous read would be queued to another thread, which takes longer than the read.
            return source is FileStream { IsAsync: false } ? source.Read(buffer, 0, count) : await source.ReadAsync(buffer, 0, count, _cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or MlflowException)
        {
            throw new FileReadException(e);
        }
    }
}

/// <summary>Distinguishes a failure to read the file from a failure to send it, because HttpClient wraps both in the same way.</summary>
internal sealed class FileReadException(Exception cause) : IOException(cause.Message, cause);
