using System.Security.Cryptography;

namespace Anovos.Mlflow.Cloud;

/// <summary>A part of a file, in memory.</summary>
/// <param name="Index">From zero.</param>
/// <param name="Buffer">Holds its bytes at the beginning.</param>
/// <param name="Length">How many.</param>
internal sealed record Part(int Index, byte[] Buffer, int Length)
{
    /// <summary>Its bytes to be sent; <paramref name="moved"/> is told each time some are taken.</summary>
    public Stream Open(Action moved) => new MovingStream(Buffer, Length, moved);

    /// <summary>Its MD5, which stores check on arrival.</summary>
    public byte[] Md5()
    {
        // No secret depends on it.
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

/// <summary>An object that is being written. Each request is repeated by itself.</summary>
internal interface IPartTarget
{
    /// <summary>The most parts that the store takes.</summary>
    int MaxParts { get; }

    /// <summary>Writes an object of a single part.</summary>
    Task PutAsync(Part whole, CancellationToken cancellationToken);

    /// <summary>Begins an object of several parts, or takes up one that was begun before.</summary>
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>Whether the store has these very bytes as this part already.</summary>
    bool Has(Part part);

    /// <summary>Writes a part. Several may be under way.</summary>
    Task PutPartAsync(Part part, CancellationToken cancellationToken);

    /// <summary>Makes the object of its parts.</summary>
    Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken);

    /// <summary>Gives up what cannot be taken up again, as far as the store lets it.</summary>
    Task AbandonAsync(CancellationToken cancellationToken);
}
