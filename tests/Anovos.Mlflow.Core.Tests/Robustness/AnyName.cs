using FsCheck;
using FsCheck.Fluent;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>An artifact path of the kind that servers rewrite.</summary>
public sealed record AnyName(string Value)
{
    private static readonly string[] Pieces =
    [
        "%41", "%2F", "%3A", "%25", "%252e", "%", "%%", "%2", "%zz", "%E4", "%e4%b8%96",
        "%3F", "%3b", "%0A", "%23", "?", ";", ";?", "?;", "#", "\t", "\n",
        "\r", "\u0001", "\u007f", "/", "/", "/", " ", "+", ":", "&", "=", "'", "\"", "[", "]", "@", "~", "!", "$", "..", ".", "http:", "A:",
        "ä", "世", "😀", "e\u0301", "\u2028", "\u0085", "\u00A0",
    ];

    /// <summary>A few pieces with letters between.</summary>
    public static Arbitrary<AnyName> Arbitrary() => Arb.From(
        from pieces in Gen.Frequency((1, Gen.Elements(Pieces)), (1, Gen.Elements("a", "b", "c.csv", "report"))).NonEmptyListOf()
        select new AnyName(string.Concat(pieces.Take(12))),
        name => Enumerable.Range(0, name.Value.Length).Select(i => new AnyName(name.Value.Remove(i, 1))));
}
