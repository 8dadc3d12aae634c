using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A part of a file.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Offset">Its offset in bytes.</param>
/// <param name="Length">Its length in bytes.</param>
internal sealed record FilePart(int Number, long Offset, long Length)
{
    /// <summary>Returns the parts of a file, all but the last of the same length.</summary>
    public static IReadOnlyList<FilePart> Split(long length, long partBytes)
    {
        long bytes = Math.Max(partBytes, (length + MultipartOptions.MaximumParts - 1) / MultipartOptions.MaximumParts);
        return [.. Enumerable.Range(0, (int)((length + bytes - 1) / bytes)).Select(i => new FilePart(i + 1, i * bytes, Math.Min(bytes, length - (i * bytes))))];
    }
}
