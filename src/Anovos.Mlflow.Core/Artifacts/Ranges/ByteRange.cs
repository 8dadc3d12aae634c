using System.Text.Json.Serialization;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Some bytes of an artifact.</summary>
/// <param name="From">The offset of the first.</param>
/// <param name="To">The offset after the last.</param>
internal readonly record struct ByteRange(long From, long To)
{
    /// <summary>Bytes.</summary>
    [JsonIgnore]
    public long Length => To - From;

    /// <summary>The same bytes in pieces of at most <paramref name="bytes"/>.</summary>
    public IEnumerable<ByteRange> Split(long bytes)
    {
        for (long from = From; from < To; from += bytes)
            yield return new ByteRange(from, Math.Min(To, from + bytes));
    }

    /// <summary>The bytes of a whole that none of the ranges has.</summary>
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
