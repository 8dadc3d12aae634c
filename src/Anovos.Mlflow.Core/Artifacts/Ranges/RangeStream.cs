namespace Anovos.Mlflow.Artifacts;

/// <summary>Writes a response body to its range of a file, and reports the written bytes about every mebibyte.</summary>
/// <param name="file">The file, at the offset of the first byte.</param>
/// <param name="range">The range of the body.</param>
/// <param name="written">Called with each range that was written to the file.</param>
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
                $"Received more than the {range.Length} requested bytes. The artifact was replaced in the meantime, or the server does not "
                + "end its response; try again.");
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
