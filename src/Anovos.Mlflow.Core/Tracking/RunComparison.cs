using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>One key and the value that each of several runs has for it.</summary>
/// <param name="Kind"><c>Param</c>, <c>Metric</c> or <c>Tag</c>.</param>
/// <param name="Key">The key.</param>
/// <param name="Runs">The runs, in the order in which they were given.</param>
public sealed record RunDifference(string Kind, string Key, IReadOnlyList<Run> Runs)
{
    /// <summary>The values by run id: a text, or the latest number of a metric; null if the run has none.</summary>
    public IReadOnlyDictionary<string, object?> Values { get; init; } = new Dictionary<string, object?>();

    /// <summary>Whether all runs have the same value.</summary>
    public bool IsEqual { get; init; }

    /// <summary>
    /// Returns the values side by side in the order of the runs, each cut to its share of <paramref name="width"/> characters.
    /// </summary>
    public string SideBySide(int width)
    {
        int each = Math.Max(6, (width / Math.Max(1, Runs.Count)) - 2);
        IEnumerable<string> texts = Runs.Select(run => SafeText.Of(Values[run.RunId] is double number ? number.ToString("G6", CultureInfo.InvariantCulture) : Values[run.RunId]?.ToString() ?? "-"));
        return string.Join("  ", texts.Select(text => text.Length > each ? text.Substring(0, each - 1) + "…" : text.PadRight(each))).TrimEnd();
    }
}

/// <summary>Compares runs key by key.</summary>
public static class RunComparison
{
    // These differ in every run.
    private static readonly string[] OwnTags = [RunTags.RunName, RestStore.IdempotencyKeyTag];

    /// <summary>
    /// Returns every param, then every metric, then every tag of the runs, each kind ordered by key. A metric is compared by its latest
    /// value; NaN equals NaN.
    /// </summary>
    /// <param name="runs">The runs; duplicates count once.</param>
    public static IReadOnlyList<RunDifference> Of(IReadOnlyList<Run> runs)
    {
        Run[] distinct = [.. runs.GroupBy(run => run.RunId, StringComparer.Ordinal).Select(same => same.First())];
        return
        [
            .. Rows("Param", distinct, run => run.Params.Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value))),
            .. Rows("Metric", distinct, run => run.Metrics.Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value))),
            .. Rows("Tag", distinct, run => run.Tags.Where(pair => !OwnTags.Contains(pair.Key)).Select(pair => new KeyValuePair<string, object>(pair.Key, pair.Value))),
        ];
    }

    private static IEnumerable<RunDifference> Rows(string kind, Run[] runs, Func<Run, IEnumerable<KeyValuePair<string, object>>> pairs)
    {
        Dictionary<string, object>[] tables = [.. runs.Select(run => pairs(run).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal))];
        foreach (string key in tables.SelectMany(table => table.Keys).Distinct().OrderBy(key => key, StringComparer.Ordinal))
        {
            object?[] values = [.. tables.Select(table => table.TryGetValue(key, out object? value) ? value : null)];
            yield return new RunDifference(kind, key, runs)
            {
                Values = runs.Zip(values, (run, value) => (run, value)).ToDictionary(pair => pair.run.RunId, pair => pair.value),
                IsEqual = values.All(value => Equals(value, values[0])),
            };
        }
    }
}
