using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Creates unique keys that MLflow accepts from any names of tables, attributes and statistics.</summary>
internal sealed class StatisticKeys(StoreLimits limits)
{
    // A key has three segments and two slashes. In a folder store, each segment is a file name in UTF-8.
    private readonly int _longest = Math.Min(80, (limits.Key - 2) / 3);

    private readonly Dictionary<(string Parent, string Name), string> _segments = [];
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The original names of key segments that had to be changed, by segment.</summary>
    public Dictionary<string, string> Originals { get; } = new(StringComparer.Ordinal);

    /// <summary>The key of a statistic.</summary>
    public string Of(Statistic statistic)
    {
        string table = Segment("", statistic.Table);
        string parent = statistic.Attribute is null ? table : $"{table}/{Segment(table, statistic.Attribute)}";
        return $"{parent}/{Segment(parent, statistic.Name)}";
    }

    private string Segment(string parent, string name)
    {
        if (_segments.TryGetValue((parent, name), out string? known))
            return known;
        string stem = Cut(limits.ToValidKey(name.Trim().Replace("%", "pct").Replace('/', '_').Replace(':', '_')), _longest);
        string segment = stem;
        // Some file systems treat Age and age as the same name.
        for (int copy = 2; !_taken.Add($"{parent}/{segment}"); copy++)
            segment = $"{Cut(stem, _longest - 1 - copy.ToString(System.Globalization.CultureInfo.InvariantCulture).Length)}_{copy}";
        if (segment != name)
            Originals[segment] = name;
        return _segments[(parent, name)] = segment;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text.Substring(0, length).TrimEnd('.', ' ');
}
