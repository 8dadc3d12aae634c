using System.Text.RegularExpressions;
using Anovos.Mlflow.Tables;

namespace Anovos.Mlflow.Workflow;

/// <summary>A table of statistics as written by Anovos: rows of <c>metric,value</c>, or a row for each attribute.</summary>
/// <param name="Name">The table's name.</param>
/// <param name="Cells">Its non-empty cells, in file order.</param>
internal sealed record StatisticTable(string Name, IReadOnlyList<Statistic> Cells)
{
    /// <summary>The column that flags attributes that drifted or are unstable.</summary>
    public const string FlaggedColumn = "flagged";

    // Anovos' name of the column in a quality check that has treated its findings.
    private const string TreatedColumn = "treated";

    private static readonly Regex RunId = new("^[0-9a-f]{32}\\z", RegexOptions.CultureInvariant);

    // The tables for the charts of a report are far larger, and have other headers.
    private const long Most = 64L << 20;

    /// <summary>The attributes, in table order; empty for a table about all of the data.</summary>
    public IReadOnlyList<string> Attributes { get; } = [.. Cells.Select(cell => cell.Attribute).OfType<string>().Distinct()];

    private readonly HashSet<string> _constants =
    [
        .. Cells.Where(cell => cell is { Attribute: not null, Number: null }).GroupBy(cell => cell.Name)
            .Where(column => column.Select(cell => cell.Text).Distinct().Count() == 1).Select(column => column.Key),
    ];

    /// <summary>The flagged attributes; null if the table does not flag attributes.</summary>
    public IReadOnlyList<string>? Flagged { get; } = Cells.Any(cell => IsFlag(cell))
        ? [.. Cells.Where(cell => IsFlag(cell) && cell.Number is { } flag && flag != 0).Select(cell => cell.Attribute!)]
        : null;

    /// <summary>
    /// The name of the table in a file: the name of the file, or for part files written by Spark, the name of their folder. When Anovos
    /// tracks, it puts the part files into a folder below, named by the run id.
    /// </summary>
    public static string NameOf(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        string? folder = Path.GetDirectoryName(path);
        if (!name.StartsWith("part-", StringComparison.Ordinal) || folder is null)
            return name;
        if (RunId.IsMatch(Path.GetFileName(folder)))
            folder = Path.GetDirectoryName(folder);
        return Path.GetFileName(folder) ?? name;
    }

    /// <summary>True if the column has the same text for all attributes, which says nothing about any of them.</summary>
    public bool IsConstant(string column) => _constants.Contains(column);

    /// <summary>Reads a file, which may be one of several files of its table; null if it has no statistics.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static StatisticTable? Read(string path, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).Length > Most)
            return null;
        string table = NameOf(path);
        IReadOnlyList<string>? header = null;
        int attribute = -1;
        List<Statistic> cells = [];
        foreach (IReadOnlyList<string> row in TableFile.Rows(path, cancellationToken))
        {
            if (header is null)
            {
                header = row;
                attribute = IndexOfAttribute(header);
                if (attribute < 0 && !(header.Count == 2 && header[0] == "metric" && header[1] == "value"))
                    return null;
            }
            else if (attribute < 0)
            {
                Add(null, row[0], row.Count > 1 ? row[1] : "");
            }
            else if (attribute < row.Count && row[attribute].Length > 0)
            {
                for (int column = 0; column < Math.Min(row.Count, header.Count); column++)
                {
                    if (column != attribute)
                        Add(row[attribute], header[column], row[column]);
                }
            }
        }

        return header is null ? null : new StatisticTable(table, cells);

        void Add(string? about, string name, string value)
        {
            if (value.Trim().Length > 0 && name.Length > 0)
                cells.Add(new Statistic(table, about, name, value));
        }
    }

    // The first column in all tables except variable_clustering.
    private static int IndexOfAttribute(IReadOnlyList<string> header)
    {
        for (int column = 0; column < header.Count; column++)
        {
            if (header[column].Equals("attribute", StringComparison.OrdinalIgnoreCase))
                return column;
        }

        return -1;
    }

    private static bool IsFlag(Statistic cell) => cell.Attribute is not null && cell.Name is FlaggedColumn or TreatedColumn;
}
