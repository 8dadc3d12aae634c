using System.Security.Cryptography;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Hashes a whole file and each of its parts in one pass.</summary>
internal static class PartHashes
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Returns the content, and the SHA-256 of each part in lower-case hex digits.</summary>
    /// <exception cref="IOException">The file is shorter than its parts, or cannot be read.</exception>
    public static async Task<(ArtifactContent Content, IReadOnlyList<string> Parts)> OfFileAsync(FileInfo file, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken)
    {
        using var source = new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);
        using var whole = new HashingStream(Stream.Null, long.MaxValue);
        using var one = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        List<string> hashes = [];
        byte[] buffer = new byte[BufferBytes];
        foreach (FilePart part in parts)
        {
            for (long left = part.Length; left > 0;)
            {
                int read = await source.ReadAsync(buffer, 0, (int)Math.Min(left, buffer.Length), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                    throw new IOException($"{file.FullName} became shorter during the upload. Send it again when no other program is writing to it.");
                whole.Write(buffer, 0, read);
                one.AppendData(buffer, 0, read);
                left -= read;
            }

            hashes.Add(Hex.Of(one.GetHashAndReset()));
        }

        return (whole.Finish(), hashes);
    }
}
