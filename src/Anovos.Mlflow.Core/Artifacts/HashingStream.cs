using System.Security.Cryptography;

namespace Anovos.Mlflow.Artifacts;

/// <summary>The length and the hash of transferred bytes.</summary>
/// <param name="Length">The length in bytes.</param>
/// <param name="Sha256">Their SHA-256, in lower-case hex digits.</param>
public sealed record ArtifactContent(long Length, string Sha256);

/// <summary>
/// Counts and hashes the bytes that are written to it, and passes them on. Rejects more than the expected number, because a response
/// may never end. <c>SetLength(0)</c> resets it.
/// </summary>
/// <param name="target">The stream that gets the bytes.</param>
/// <param name="limit">The expected number of bytes.</param>
internal sealed class HashingStream(Stream target, long limit) : Stream
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

    /// <summary>The SHA-256 of an empty file.</summary>
    public static string EmptyHash { get; } = new HashingStream(Null, 0).Finish().Sha256;

    /// <summary>Returns the length and hash of the bytes written, and resets the stream.</summary>
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

        // Hash while the write is in progress: it waits for the disk or the network.
        Task write = target.WriteAsync(buffer, offset, count, cancellationToken);
        Take(buffer, offset, count);
        return write;
    }

    public override void SetLength(long value)
    {
        // Stream.Null cannot seek, and has no content.
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
            throw new MlflowException(ErrorKind.ServerError, $"Received more than the {limit} bytes that the store lists. The artifact was replaced in the meantime, or the server does not end its response; try again.");
    }

    private void Take(byte[] buffer, int offset, int count)
    {
        _hash.AppendData(buffer, offset, count);
        _length += count;
    }
}
