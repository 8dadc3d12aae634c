using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Gates;

/// <summary>The attributes that an Anovos table flags in a run: those that drifted or are unstable.</summary>
/// <param name="Count">The number of flagged attributes.</param>
/// <param name="Names">Their names; fewer than <paramref name="Count"/> if the run does not have all of them.</param>
internal sealed record FlaggedAttributes(int Count, IReadOnlyList<string> Names)
{
    /// <summary>The name of the drift table.</summary>
    public const string Drift = "drift_statistics";

    /// <summary>The name of the stability table.</summary>
    public const string Stability = "stability_index";

    private const int MostNames = 10;

    /// <summary>Returns the flagged attributes; null if the run does not have the table.</summary>
    public static FlaggedAttributes? Of(Run run, string table)
    {
        string[] names =
        [
            .. DriftTable.Of([run]).Where(found => found.Name == table).SelectMany(found => found.Rows)
                .Where(row => row.Flags[0] == true).Select(row => row.Attribute).OrderBy(name => name, StringComparer.Ordinal),
        ];

        // The metric counts all of them. The metrics of the attributes may be missing, and the tag may be truncated.
        if (run.Metrics.TryGetValue(StatisticReport.FlaggedPrefix + table, out double count)
            && count >= names.Length && count <= int.MaxValue)
        {
            return new FlaggedAttributes((int)count, names);
        }

        bool isThere = run.Metrics.Keys.Any(key => key.StartsWith(table + "/", StringComparison.Ordinal)
            && key.EndsWith("/" + StatisticTable.FlaggedColumn, StringComparison.Ordinal));
        return isThere || names.Length > 0 ? new FlaggedAttributes(names.Length, names) : null;
    }

    /// <summary>Describes the count and the first names in one sentence.</summary>
    public string Describe(string what)
    {
        string[] shown = [.. Names.Take(MostNames)];
        if (shown.Length > 0 && shown.Length < Count)
            shown = [.. shown, "…"];
        return $"{Count} {(Count == 1 ? "attribute" : "attributes")} {what}{(shown.Length > 0 ? ": " : "")}{string.Join(", ", shown)}.";
    }
}
