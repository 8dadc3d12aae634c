using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Gates;

/// <summary>The attributes that a table of Anovos flags in a run: those that drifted, or are unstable.</summary>
/// <param name="Count">How many.</param>
/// <param name="Names">Their names; fewer where the run does not have all.</param>
internal sealed record FlaggedAttributes(int Count, IReadOnlyList<string> Names)
{
    /// <summary>The table of drift.</summary>
    public const string Drift = "drift_statistics";

    /// <summary>The table of stability.</summary>
    public const string Stability = "stability_index";

    private const int MostNames = 10;

    /// <summary>The flagged attributes; null where the run has no such table.</summary>
    public static FlaggedAttributes? Of(Run run, string table)
    {
        string[] names =
        [
            .. DriftTable.Of([run]).Where(found => found.Name == table).SelectMany(found => found.Rows)
                .Where(row => row.Flags[0] == true).Select(row => row.Attribute).OrderBy(name => name, StringComparer.Ordinal),
        ];

        // The metric counts all of them. Those of the attributes and the tag may be left out or cut.
        if (run.Metrics.TryGetValue(StatisticReport.FlaggedPrefix + table, out double count)
            && count >= names.Length && count <= int.MaxValue)
        {
            return new FlaggedAttributes((int)count, names);
        }

        bool isThere = run.Metrics.Keys.Any(key => key.StartsWith(table + "/", StringComparison.Ordinal)
            && key.EndsWith("/" + StatisticTable.FlaggedColumn, StringComparison.Ordinal));
        return isThere || names.Length > 0 ? new FlaggedAttributes(names.Length, names) : null;
    }

    /// <summary>The count and the first names, as a sentence about what they are.</summary>
    public string Describe(string what)
    {
        string[] shown = [.. Names.Take(MostNames)];
        if (shown.Length > 0 && shown.Length < Count)
            shown = [.. shown, "…"];
        return $"{Count} {(Count == 1 ? "attribute" : "attributes")} {what}{(shown.Length > 0 ? ": " : "")}{string.Join(", ", shown)}.";
    }
}
