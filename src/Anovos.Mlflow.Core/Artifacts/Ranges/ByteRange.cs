using System.Text.Json.Serialization;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A range of bytes of an artifact.</summary>
/// <param name="From">The offset of the first byte.</param>
/// <param name="To">The offset after the last byte.</param>
internal readonly record struct ByteRange(long From, long To)
{
    /// <summary>The number of bytes.</summary>
    [JsonIgnore]
    public long Length => To - From;

    /// <summary>Splits the range into pieces of at most <paramref name="bytes"/> bytes.</summary>
    public IEnumerable<ByteRange> Split(long bytes)
    {
        for (long from = From; from < To; from += bytes)
            yield return new ByteRange(from, Math.Min(To, from + bytes));
    }

    /// <summary>Returns the bytes from zero to a length that are in none of the ranges.</summary>
    public static IReadOnlyList<ByteRange> Missing(IEnumerable<ByteRange> ranges, long length)
    {
        List<ByteRange> missing = [];
        long end = 0;
        foreach (ByteRange range in ranges.OrderBy(range => range.From))
        {
            if (range.From > end)
                missing.Add(new ByteRange(end, range.From));
            end = Math.Max(end, range.To);
        }

        if (end < length)
            missing.Add(new ByteRange(end, length));
        return missing;
    }
}
