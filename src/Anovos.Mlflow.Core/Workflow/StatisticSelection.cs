using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Which statistics go to a run. Without patterns: what is about all of the data, and drift, stability and counts of each
/// attribute, texts left out that are the same for all; of a table with more than <see cref="Wide"/> attributes only the flagged ones.
/// </summary>
public sealed class StatisticSelection
{
    /// <summary>Attributes beyond which a table is wide: it would be thousands of metrics.</summary>
    public const int Wide = 100;

    private static readonly string[] ByDefault = ["drift_statistics", "stability_index", "measures_of_counts"];

    private readonly IReadOnlyList<ArtifactPattern> _include;
    private readonly IReadOnlyList<ArtifactPattern> _exclude;

    /// <summary>Selects by patterns of keys, as <c>measures_of_*/age</c> or <c>**/missing_pct</c>.</summary>
    /// <param name="include">Only what one of these selects; the default when there is none.</param>
    /// <param name="exclude">Not what one of these selects.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for what is no pattern.</exception>
    public StatisticSelection(IEnumerable<string> include, IEnumerable<string> exclude)
    {
        _include = [.. include.Select(ArtifactPattern.Parse)];
        _exclude = [.. exclude.Select(ArtifactPattern.Parse)];
    }

    /// <summary>Whether a cell of the table is selected; by its key, or by its names as they are.</summary>
    internal bool Selects(StatisticTable table, Statistic cell, string key)
    {
        bool Matches(ArtifactPattern pattern) => pattern.Selects(key) || pattern.Selects(cell.Path);
        if (_exclude.Any(Matches))
            return false;
        return _include.Count == 0 ? IsDefault(table, cell) : _include.Any(Matches);
    }

    /// <summary>Whether a count over a table is selected.</summary>
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
