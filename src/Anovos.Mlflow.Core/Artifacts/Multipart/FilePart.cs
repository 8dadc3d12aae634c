using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A part of a file.</summary>
/// <param name="Number">1 for the first.</param>
/// <param name="Offset">Bytes before it.</param>
/// <param name="Length">Bytes.</param>
internal sealed record FilePart(int Number, long Offset, long Length)
{
    /// <summary>The parts of a file, all but the last of the same length.</summary>
    public static IReadOnlyList<FilePart> Split(long length, long partBytes)
    {
        long bytes = Math.Max(partBytes, (length + MultipartOptions.MaximumParts - 1) / MultipartOptions.MaximumParts);
        return [.. Enumerable.Range(0, (int)((length + bytes - 1) / bytes)).Select(i => new FilePart(i + 1, i * bytes, Math.Min(bytes, length - (i * bytes))))];
    }
}
