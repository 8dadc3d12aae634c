using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Selects the statistics that are sent to a run. Without patterns, these are the statistics about all of the data, and the drift,
/// stability and counts of each attribute, without texts that are the same for all attributes. For a table with more than
/// <see cref="Wide"/> attributes, these are only the flagged attributes.
/// </summary>
public sealed class StatisticSelection
{
    /// <summary>The maximum number of attributes reported in full. A wider table would give thousands of metrics.</summary>
    public const int Wide = 100;

    private static readonly string[] ByDefault = ["drift_statistics", "stability_index", "measures_of_counts"];

    private readonly IReadOnlyList<ArtifactPattern> _include;
    private readonly IReadOnlyList<ArtifactPattern> _exclude;

    /// <summary>Selects by patterns of keys, such as <c>measures_of_*/age</c> or <c>**/missing_pct</c>.</summary>
    /// <param name="include">The patterns of statistics to include; if there are none, the default applies.</param>
    /// <param name="exclude">The patterns of statistics to exclude.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid pattern.</exception>
    public StatisticSelection(IEnumerable<string> include, IEnumerable<string> exclude)
    {
        _include = [.. include.Select(ArtifactPattern.Parse)];
        _exclude = [.. exclude.Select(ArtifactPattern.Parse)];
    }

    /// <summary>Whether a cell of the table is selected, by its key or by its original names.</summary>
    internal bool Selects(StatisticTable table, Statistic cell, string key)
    {
        bool Matches(ArtifactPattern pattern) => pattern.Selects(key) || pattern.Selects(cell.Path);
        if (_exclude.Any(Matches))
            return false;
        return _include.Count == 0 ? IsDefault(table, cell) : _include.Any(Matches);
    }

    /// <summary>Whether the count of flagged attributes of a table is selected.</summary>
    internal bool Selects(string key) =>
        !_exclude.Any(pattern => pattern.Selects(key)) && (_include.Count == 0 || _include.Any(pattern => pattern.Selects(key)));

    private static bool IsDefault(StatisticTable table, Statistic cell)
    {
        if (cell.Attribute is null)
            return true;
        if (!ByDefault.Contains(table.Name) || table.IsConstant(cell.Name))
            return false;
        return table.Attributes.Count <= Wide || table.Flagged?.Contains(cell.Attribute) == true;
    }
}
