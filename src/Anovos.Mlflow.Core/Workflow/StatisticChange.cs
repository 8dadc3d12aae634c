namespace Anovos.Mlflow.Workflow;

/// <summary>A statistic that differs from an earlier run.</summary>
/// <param name="Key">Its metric.</param>
/// <param name="Before">The value in the earlier run; null if it had none.</param>
/// <param name="After">The value in the later run; null if it has none.</param>
public sealed record StatisticChange(string Key, double? Before, double? After)
{
    /// <summary>The difference; null if one of the two values is missing.</summary>
    public double? Change => After - Before;

    /// <summary>The difference in percent of the earlier value; null if there is no difference, or if the earlier value was zero.</summary>
    public double? Percent => Before is { } before && before != 0 && Change is { } change ? 100 * change / Math.Abs(before) : null;

    /// <summary>Returns the statistics that changed between two runs, sorted by key. Only tables of the later run count.</summary>
    public static IReadOnlyList<StatisticChange> Between(IReadOnlyDictionary<string, double> before, IReadOnlyDictionary<string, double> after)
    {
        HashSet<string> tables = [.. after.Keys.Select(Table)];
        return
        [
            .. before.Keys.Where(key => tables.Contains(Table(key))).Union(after.Keys).OrderBy(key => key, StringComparer.Ordinal)
                .Select(key => new StatisticChange(key, Value(before, key), Value(after, key)))
                .Where(change => !Nullable.Equals(change.Before, change.After)),
        ];
    }

    private static string Table(string key) => key.Split('/')[0];

    private static double? Value(IReadOnlyDictionary<string, double> values, string key) => values.TryGetValue(key, out double value) ? value : null;
}
