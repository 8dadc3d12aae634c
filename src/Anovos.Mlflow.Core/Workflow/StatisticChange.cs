namespace Anovos.Mlflow.Workflow;

/// <summary>A statistic that is another one than in an earlier run.</summary>
/// <param name="Key">Its metric.</param>
/// <param name="Before">The value in the earlier run; null when it had none.</param>
/// <param name="After">The value now; null when there is none any more.</param>
public sealed record StatisticChange(string Key, double? Before, double? After)
{
    /// <summary>The difference; null where one of the two is missing.</summary>
    public double? Change => After - Before;

    /// <summary>The difference in percent of the earlier value; null where there is none or it was zero.</summary>
    public double? Percent => Before is { } before && before != 0 && Change is { } change ? 100 * change / Math.Abs(before) : null;

    /// <summary>What moved between two runs, in the order of the keys: of the tables that the later one has.</summary>
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
