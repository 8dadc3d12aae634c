using FsCheck;
using FsCheck.Fluent;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>A text of the kind that breaks paths, keys, YAML and URLs.</summary>
public sealed record AnyText(string Value)
{
    private static readonly string[] Pieces =
    [
        "/", "//", ".", "..", "../", "/./", "\\", ":", ": ", "#", " #", "%", "%2e", "%2F", " ", "  ", "\t", "\n", "\r\n", "\r", "\0", "\u0085",
        "\u2028", "\uFEFF", "\uFFFE", "\u001b[31m", "😀", "\uD800", "\uDC00", "e\u0301", "é", "世", "'", "''", "\"", "\\n", "- ", "? ", "~", "null",
        "True", "no", "1", "1_0", "0x1f", "1e5", "12:30", ".inf", "nan", "2020-01-01", "C:", "_2", "&a", "*a", "!x", "|", ">", "@", "`", "[", "]",
        "{", "}", ",", "---", "...", "%YAML", "CON", "aux.txt",
    ];

    private static Gen<string> Piece() => Gen.Frequency(
        (5, Gen.Elements(Pieces)),
        (4, Gen.Elements("a", "b", "Z", "ä", "_", "-", "key", "a long word ")),
        (1, Gen.Choose(0, 0xFFFF).Select(code => ((char)code).ToString())));

    /// <summary>Some pieces, now and then very many.</summary>
    public static Arbitrary<AnyText> Arbitrary() => Arb.From(
        from pieces in Piece().ArrayOf()
        from times in Gen.Frequency((9, Gen.Constant(1)), (1, Gen.Choose(2, 60)))
        select new AnyText(string.Concat(Enumerable.Repeat(string.Concat(pieces), times))),
        Smaller);

    private static IEnumerable<AnyText> Smaller(AnyText text)
    {
        string value = text.Value;
        if (value.Length > 3)
        {
            yield return new(value.Substring(0, value.Length / 2));
            yield return new(value.Substring(value.Length / 2));
        }

        for (int i = 0; i < Math.Min(value.Length, 300); i++)
            yield return new(value.Remove(i, 1));
    }
}
