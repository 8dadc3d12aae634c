using System.Security.Cryptography;
using System.Text;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Workflow;

/// <summary>A short text that changes when one of a dataset's files does.</summary>
/// <param name="Text">16 hex digits of a SHA-256 over names, lengths and content.</param>
/// <param name="Files">How many files the dataset has.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="IsWhole">Whether all bytes are in it; of more than <see cref="Most"/> only each file's beginning is.</param>
internal sealed record DatasetDigest(string Text, int Files, long Bytes, bool IsWhole)
{
    /// <summary>Bytes that are read whole: some seconds' work beside a workflow that reads them too.</summary>
    public const long Most = 1L << 30;

    private const int Beginning = 1 << 20;
    private const int Digits = 16;

    /// <summary>The digest of a file or folder; null when it is not there or cannot be read.</summary>
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
            // The workflow will say so itself, if it needs the file.
            return null;
        }
    }

    /// <summary>The digest of what cannot be looked at: of its address alone.</summary>
    public static string OfText(string text)
    {
        using SHA256 sha = SHA256.Create();
        return Short(sha.ComputeHash(Encoding.UTF8.GetBytes(text)));
    }

    // Spark reads no file that begins with a period or an underscore.
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

    private static string Short(byte[] hash) => HashingStream.ToHex(hash).Substring(0, Digits);
}
