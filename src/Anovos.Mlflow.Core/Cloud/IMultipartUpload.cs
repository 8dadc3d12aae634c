using System.Security.Cryptography;

namespace Anovos.Mlflow.Cloud;

/// <summary>A part of a file, in memory.</summary>
/// <param name="Index">Its index, from zero.</param>
/// <param name="Buffer">The buffer that begins with its bytes.</param>
/// <param name="Length">The number of bytes.</param>
internal sealed record Part(int Index, byte[] Buffer, int Length)
{
    /// <summary>Opens its bytes to send them. Calls <paramref name="moved"/> each time some are read.</summary>
    public Stream Open(Action moved) => new MovingStream(Buffer, Length, moved);

    /// <summary>Returns its MD5, which stores verify.</summary>
    public byte[] Md5()
    {
        // It protects no secret.
#pragma warning disable CA5351
        using var md5 = MD5.Create();
#pragma warning restore CA5351
        return md5.ComputeHash(Buffer, 0, Length);
    }

    private sealed class MovingStream(byte[] buffer, int length, Action moved) : MemoryStream(buffer, 0, length, writable: false)
    {
        public override int Read(byte[] target, int offset, int count)
        {
            moved();
            return base.Read(target, offset, count);
        }

        public override Task<int> ReadAsync(byte[] target, int offset, int count, CancellationToken cancellationToken)
        {
            moved();
            return base.ReadAsync(target, offset, count, cancellationToken);
        }
#if NET
        public override ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken = default)
        {
            moved();
            return base.ReadAsync(target, cancellationToken);
        }
#endif
    }
}

/// <summary>An upload of one object in parts. Each request is retried on its own.</summary>
internal interface IMultipartUpload
{
    /// <summary>The maximum number of parts.</summary>
    int MaxParts { get; }

    /// <summary>True if the store accepts the parts only one after the other.</summary>
    bool IsSequential { get; }

    /// <summary>Writes an object of a single part.</summary>
    Task PutAsync(Part whole, CancellationToken cancellationToken);

    /// <summary>Creates the upload, or resumes one that was created before.</summary>
    Task CreateAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>True if the store has this part with the same bytes already.</summary>
    bool Has(Part part);

    /// <summary>Uploads a part. May be called concurrently, except for a sequential upload.</summary>
    /// <exception cref="UploadLostException">The store has lost the upload, or the upload has different content.</exception>
    Task UploadPartAsync(Part part, CancellationToken cancellationToken);

    /// <summary>Completes the object from its parts.</summary>
    Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Aborts an upload that cannot be resumed, if the store can.</summary>
    Task AbortAsync(CancellationToken cancellationToken);
}

/// <summary>An upload cannot continue: all of its parts must be sent in a new one.</summary>
internal sealed class UploadLostException(string message) : Exception(message);
