namespace Anovos.Mlflow.Artifacts;

/// <summary>Writes a response body to its place in a file, and notes about every mebibyte that is written.</summary>
/// <param name="file">The file, at the offset of the first byte.</param>
/// <param name="range">Where the bytes go.</param>
/// <param name="written">Called with the bytes that are in the file.</param>
internal sealed class RangeStream(FileStream file, ByteRange range, Action<ByteRange> written) : Stream
{
    private const int NotedBytes = 1 << 20;

    private long _noted = range.From;
    private long _at = range.From;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _at - range.From;

    public override long Position
    {
        get => Length;
        set => throw new NotSupportedException();
    }

    public override async Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        if (count > range.To - _at)
        {
            throw new MlflowException(
                ErrorKind.ServerError,
                $"More came than the {range.Length} bytes that were asked for. It was replaced in the meantime, or the server does not end its "
                + "answer; try again.");
        }

        await file.WriteAsync(buffer, offset, count, cancellationToken).ConfigureAwait(false);
        _at += count;
        if (_at - _noted >= NotedBytes || _at == range.To)
            Note();
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Note();
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Note()
    {
        if (_at > _noted)
            written(new ByteRange(_noted, _at));
        _noted = _at;
    }
}
