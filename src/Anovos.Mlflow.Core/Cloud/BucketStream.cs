namespace Anovos.Mlflow.Cloud;

/// <summary>Reads an object's bytes in order. After a lost connection, it resumes at the same byte of the same content.</summary>
internal sealed class BucketStream(IBucket bucket, string key, string? etag, long length) : Stream
{
    private Stream? _answer;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        if (_position == length || count == 0)
            return 0;
        int read = await bucket.Requests.RunAsync(AttemptAsync, cancellationToken).ConfigureAwait(false);
        _position += read;
        return read;

        async Task<int> AttemptAsync(Action moved, CancellationToken time)
        {
            try
            {
                _answer ??= await bucket.OpenAsync(key, etag, _position, end: null, time).ConfigureAwait(false);
                int some = await _answer.ReadAsync(buffer, offset, count, time).ConfigureAwait(false);
                return some > 0 ? some : throw new EndOfStreamException($"the response ended after {_position} of {length} bytes");
            }
            catch (Exception e)
            {
                _answer?.Dispose();
                _answer = null;
                time.ThrowIfCancellationRequested();
                throw bucket.Requests.Explain(e);
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _answer?.Dispose();
        base.Dispose(disposing);
    }
}
