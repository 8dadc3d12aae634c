using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Reports;

/// <summary>
/// A table that flags attributes, such as Anovos' <c>drift_statistics</c> and <c>stability_index</c>, over several runs. It is read from
/// the metrics <c>table/attribute/method</c> and the tags <c>flagged/table</c> that <c>Write-AnovosStatistic</c> writes.
/// </summary>
/// <param name="Name">The table.</param>
/// <param name="Methods">The measures, such as <c>PSI</c>.</param>
/// <param name="Rows">The attributes, starting with those flagged in the most runs.</param>
internal sealed record DriftTable(string Name, IReadOnlyList<string> Methods, IReadOnlyList<DriftRow> Rows)
{
    /// <summary>Returns the tables that flag attributes in one of the runs.</summary>
    public static IReadOnlyList<DriftTable> Of(IReadOnlyList<Run> runs) =>
        [.. runs.SelectMany(Tables).Distinct().OrderBy(table => table, StringComparer.Ordinal).Select(table => Of(table, runs)).Where(table => table.Rows.Count > 0)];

    /// <summary>Returns whether the metric belongs to the table.</summary>
    public bool Has(string key) => key.StartsWith(Name + "/", StringComparison.Ordinal);

    private static IEnumerable<string> Tables(Run run) =>
    [
        .. run.Metrics.Keys.Concat(run.Tags.Keys).Where(key => key.StartsWith(StatisticReport.FlaggedPrefix, StringComparison.Ordinal)).Select(key => key.Substring(StatisticReport.FlaggedPrefix.Length)),
        .. run.Metrics.Keys.Select(key => key.Split('/')).Where(parts => parts.Length == 3 && parts[2] == StatisticTable.FlaggedColumn).Select(parts => parts[0]),
    ];

    private static DriftTable Of(string table, IReadOnlyList<Run> runs)
    {
        Dictionary<string, Dictionary<string, double>>[] cells = [.. runs.Select(run => Cells(table, run))];
        HashSet<string>[] flagged = [.. runs.Zip(cells, (run, own) => Flagged(table, run, own))];
        string[] methods = [.. cells.SelectMany(own => own.Values).SelectMany(values => values.Keys).Where(method => method != StatisticTable.FlaggedColumn).Distinct().OrderBy(method => method, StringComparer.Ordinal)];
        DriftRow[] rows =
        [
            .. cells.SelectMany(own => own.Keys).Concat(flagged.SelectMany(names => names)).Distinct().Select(attribute => new DriftRow(
                attribute,
                [.. cells.Zip(flagged, (own, names) => names.Contains(attribute) ? true : own.ContainsKey(attribute) ? false : (bool?)null)],
                [.. cells.Select(own => own.TryGetValue(attribute, out Dictionary<string, double>? values) ? Values(values) : null)])),
        ];
        return new DriftTable(table, methods, [.. rows.OrderByDescending(row => row.Flags.Count(flag => flag == true)).ThenBy(row => row.Attribute, StringComparer.Ordinal)]);

        double?[] Values(Dictionary<string, double> values) => [.. methods.Select(method => values.TryGetValue(method, out double value) ? value : (double?)null)];
    }

    private static Dictionary<string, Dictionary<string, double>> Cells(string table, Run run)
    {
        var cells = new Dictionary<string, Dictionary<string, double>>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, double> metric in run.Metrics)
        {
            string[] parts = metric.Key.Split('/');
            if (parts.Length != 3 || parts[0] != table)
                continue;
            string attribute = Original(run, parts[1]);
            if (!cells.TryGetValue(attribute, out Dictionary<string, double>? values))
                cells[attribute] = values = new(StringComparer.Ordinal);
            values[Original(run, parts[2])] = metric.Value;
        }

        return cells;
    }

    // The metrics are authoritative. In a wide table, they may lack attributes that the tag names.
    private static HashSet<string> Flagged(string table, Run run, Dictionary<string, Dictionary<string, double>> cells)
    {
        HashSet<string> flagged = [.. cells.Where(row => row.Value.TryGetValue(StatisticTable.FlaggedColumn, out double flag) && flag != 0).Select(row => row.Key)];
        if (run.Tags.TryGetValue(StatisticReport.FlaggedPrefix + table, out string? names))
            flagged.UnionWith(names.Split([", "], StringSplitOptions.RemoveEmptyEntries).Where(name => !cells.ContainsKey(name)));
        return flagged;
    }

    private static string Original(Run run, string segment) => run.Tags.TryGetValue(StatisticReport.NameTags + segment, out string? original) ? original : segment;
}

/// <summary>An attribute of such a table.</summary>
/// <param name="Attribute">Its name.</param>
/// <param name="Flags">For each run, whether the attribute is flagged; null if the run does not have it.</param>
/// <param name="Values">For each run, one value per method; null if the run does not have it.</param>
internal sealed record DriftRow(string Attribute, IReadOnlyList<bool?> Flags, IReadOnlyList<IReadOnlyList<double?>?> Values);
