using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Makes keys that MLflow takes of any names of tables, attributes and statistics, each of its own.</summary>
internal sealed class StatisticKeys(StoreLimits limits)
{
    // Three of them and two slashes are a key; in UTF-8 each is a file's name.
    private readonly int _longest = Math.Min(80, (limits.Key - 2) / 3);

    private readonly Dictionary<(string Parent, string Name), string> _segments = [];
    private readonly HashSet<string> _taken = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names that are written otherwise in keys: what stands there, and the name.</summary>
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
        // Some disks take Age and age for one name.
        for (int copy = 2; !_taken.Add($"{parent}/{segment}"); copy++)
            segment = $"{Cut(stem, _longest - 1 - copy.ToString(System.Globalization.CultureInfo.InvariantCulture).Length)}_{copy}";
        if (segment != name)
            Originals[segment] = name;
        return _segments[(parent, name)] = segment;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text.Substring(0, length).TrimEnd('.', ' ');
}
