using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>
/// Compares the repeatable part of an output: its lines in any order, without ids, generated names, times and column widths.
/// </summary>
internal static partial class Shape
{
    /// <summary>
    /// The shown lines that are missing in the real output, and the real lines that are not shown; empty if the page is right. A line that
    /// ends in <c>…</c> may continue, and a line with only <c>…</c> matches any number of lines.
    /// </summary>
    public static string Difference(string shown, string real)
    {
        List<string> expected = Lines(shown), actual = Lines(real);
        bool isPart = expected.Remove("…");
        List<string> missing = [.. expected.Where(line => !actual.Remove(actual.FirstOrDefault(real => line.EndsWith('…') ? real.StartsWith(line[..^1].TrimEnd(), StringComparison.Ordinal) : real == line) ?? "…"))];
        return missing.Count == 0 && (isPart || actual.Count == 0)
            ? ""
            : string.Concat(missing.Select(line => $"\n  missing in the output: {line}")) + string.Concat(isPart ? [] : actual.Select(line => $"\n  not on the page: {line}"));
    }

    private static List<string> Lines(string text) => [.. text.Split('\n').Select(Normal).Where(line => line.Length > 0)];

    private static string Normal(string line)
    {
        line = Identifier().Replace(line, "ID");
        line = Date().Replace(line, "DATE");
        line = Duration().Replace(line, "TIME");
        line = line.Replace(".dev0", "", StringComparison.Ordinal);
        line = Rule().Replace(line, "--");
        return Space().Replace(line, " ").Trim();
    }

    [GeneratedRegex(@"\b([0-9a-f]{8}|[0-9a-f]{32}|\d{16,}|[a-z]+-[a-z]+-\d{1,3})\b…?|\b[a-z]+-[a-z]*-?…", RegexOptions.CultureInvariant)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\b(\d{4}-\d\d-\d\d|\d\d?/\d\d?/\d{4})([ T]\d\d?:\d\d(:\d\d([.,]\d+)?)?( [AP]M|Z|[+-]\d\d:\d\d)?)?", RegexOptions.CultureInvariant)]
    private static partial Regex Date();

    [GeneratedRegex(@"\b\d+(\.\d+)?(ms|s)\b|\b\d+:\d\d(:\d\d)?\b", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"-{2,}", RegexOptions.CultureInvariant)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();
}
