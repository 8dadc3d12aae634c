using System.Security.Cryptography;
using System.Text;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Workflow;

/// <summary>A short digest that changes whenever one of a dataset's files changes.</summary>
/// <param name="Text">16 hex digits of a SHA-256 over names, lengths and content.</param>
/// <param name="Files">The number of files in the dataset.</param>
/// <param name="Bytes">Their total size, in bytes.</param>
/// <param name="IsWhole">Whether the digest covers all bytes. Above <see cref="Most"/> it covers only the start of each file.</param>
internal sealed record DatasetDigest(string Text, int Files, long Bytes, bool IsWhole)
{
    /// <summary>The maximum size that is read completely, in bytes. It takes a few seconds while the workflow reads the data too.</summary>
    public const long Most = 1L << 30;

    private const int Beginning = 1 << 20;
    private const int Digits = 16;

    /// <summary>The digest of a file or folder; null if it does not exist or cannot be read.</summary>
    public static async Task<DatasetDigest?> OfAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<FileSource> files = List(path, cancellationToken);
            long bytes = files.Sum(file => file.Length);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (FileSource file in files)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{file.RelativePath}\0{file.Length}\0"));
                await AppendAsync(hash, file.Location, bytes > Most ? Beginning : long.MaxValue, cancellationToken).ConfigureAwait(false);
            }

            return files.Count == 0 ? null : new DatasetDigest(Short(hash.GetHashAndReset()), files.Count, bytes, bytes <= Most);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // If the workflow needs the file, it reports the error itself.
            return null;
        }
    }

    /// <summary>The digest of an address, for data that cannot be read.</summary>
    public static string OfText(string text)
    {
        using SHA256 sha = SHA256.Create();
        return Short(sha.ComputeHash(Encoding.UTF8.GetBytes(text)));
    }

    // Spark skips files that begin with a period or an underscore.
    private static IReadOnlyList<FileSource> List(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            return FolderListing.Of(path, cancellationToken, entry => entry.Name[0] is '.' or '_').Files;
        return File.Exists(path) && SpecialFiles.Describe(path) is null ? [new FileSource(new FileInfo(path))] : [];
    }

    private static async Task AppendAsync(IncrementalHash hash, string path, long most, CancellationToken cancellationToken)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: true);
        byte[] buffer = new byte[Beginning];
        for (long left = most; left > 0;)
        {
            int read = await stream.ReadAsync(buffer, 0, (int)Math.Min(left, buffer.Length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
                return;
            hash.AppendData(buffer, 0, read);
            left -= read;
        }
    }

    private static string Short(byte[] hash) => Hex.Of(hash).Substring(0, Digits);
}
