using System.Security.Cryptography;

namespace Anovos.Mlflow.Artifacts;

/// <summary>What a transfer moved.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="Sha256">Their SHA-256, in lower-case hex digits.</param>
public sealed record ArtifactContent(long Length, string Sha256);

/// <summary>
/// Counts and hashes what is written to it and passes it on; refuses more than it is told to expect, for an answer may have
/// no end. Emptied with <c>SetLength(0)</c>, it begins anew.
/// </summary>
internal sealed class ContentMeter(Stream target, long limit) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <summary>The SHA-256 of no bytes.</summary>
    public static string OfNothing { get; } = new ContentMeter(Null, 0).Finish().Sha256;

    /// <summary>What was written since the beginning; the meter then begins anew.</summary>
    public ArtifactContent Finish() => new(_length, Hex.Of(_hash.GetHashAndReset()));

    public override void Write(byte[] buffer, int offset, int count)
    {
        ThrowIfTooMuch(count);
        Take(buffer, offset, count);
        target.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ThrowIfTooMuch(count);

        // While it goes out: that takes another core, or the other side's time.
        Task write = target.WriteAsync(buffer, offset, count, cancellationToken);
        Take(buffer, offset, count);
        return write;
    }

    public override void SetLength(long value)
    {
        // Stream.Null cannot seek, and has nothing to forget.
        if (target.CanSeek)
        {
            target.SetLength(value);
            target.Position = value;
        }

        _hash.GetHashAndReset();
        _length = 0;
    }

    public override void Flush() => target.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }

    private void ThrowIfTooMuch(int count)
    {
        if (count > limit - _length)
            throw new MlflowException(ErrorKind.ServerError, $"More came than the {limit} bytes that the store lists. It was replaced meanwhile, or the server does not end its answer; try again.");
    }

    private void Take(byte[] buffer, int offset, int count)
    {
        _hash.AppendData(buffer, offset, count);
        _length += count;
    }
}
