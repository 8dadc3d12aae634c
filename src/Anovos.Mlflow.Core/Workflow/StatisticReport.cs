using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Converts the tables of a report folder to metrics and tags of a run.</summary>
public sealed class StatisticReport
{
    /// <summary>The prefix of metrics and tags about a table that flags attributes.</summary>
    internal const string FlaggedPrefix = StatisticTable.FlaggedColumn + "/";

    /// <summary>The prefix of tags that hold the original names of changed key segments.</summary>
    internal const string NameTags = "anovos.statistic.name/";

    private const int MostMissing = 10;

    private readonly Dictionary<string, Metric> _metrics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _flagged = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _missing = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly StoreLimits _limits;

    private StatisticReport(StoreLimits limits) => _limits = limits;

    /// <summary>The numbers as metrics, and the texts as tags.</summary>
    public RunData Data => new() { Metrics = [.. _metrics.Values], Tags = [.. _tags.Select(tag => new Tag(tag.Key, tag.Value))] };

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes => _flagged;

    /// <summary>The columns with the largest shares of missing values, largest first, without complete columns.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> MissingShares =>
        [.. _missing.Where(column => column.Value > 0).OrderByDescending(column => column.Value)
            .ThenBy(column => column.Key, StringComparer.Ordinal).Take(MostMissing)];

    /// <summary>The number of tables.</summary>
    public int Tables { get; private set; }

    /// <summary>The number of numbers and texts that were not selected.</summary>
    public int NotSelected { get; private set; }

    /// <summary>A sentence for everything that could not be read or was changed.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The tracked files of a workflow's outputs that may hold statistics.</summary>
    public static IReadOnlyList<string> FilesOf(IEnumerable<ScannedOutput> outputs) =>
    [
        .. outputs.Where(output => !output.Output.IsRemote && (output.Kind is OutputKind.Statistic or OutputKind.Report))
            .SelectMany(output => output.Files).Where(file => file.Tracked).Select(file => file.FullPath),
    ];

    /// <summary>Reads the tables. A file without statistics is skipped. If two tables have the same name, only the first counts.</summary>
    /// <param name="files">The files of the tables. A table may have several part files.</param>
    /// <param name="selection">The selection of statistics.</param>
    /// <param name="limits">The limits of the run's store.</param>
    /// <param name="cancellationToken">Cancels the operation between rows.</param>
    public static StatisticReport Of(
        IEnumerable<string> files, StatisticSelection selection, StoreLimits limits, CancellationToken cancellationToken)
    {
        var report = new StatisticReport(limits);
        var keys = new StatisticKeys(limits);
        var folders = new Dictionary<string, string?>(StringComparer.Ordinal);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        string[] tables = [.. files.Where(TableFile.IsTable).Distinct()];
        if (!TableFile.ReadsParquet && tables.Count(TableFile.IsParquet) is var unread and > 0)
            report._warnings.Add($"{unread} Parquet files were not read: this requires PowerShell 7.4 or later.");
        foreach (IGrouping<(string Name, string Folder), string> parts in tables
            .Where(file => TableFile.ReadsParquet || !TableFile.IsParquet(file))
            .GroupBy(file => (StatisticTable.NameOf(file), Path.GetDirectoryName(file) ?? "")))
        {
            (string name, string folder) = parts.Key;
            if (folders.TryGetValue(name, out string? first))
                report._warnings.Add($"The table {name} is in {first} and in {folder}. Only the first is reported.");
            else if (report.Read(name, parts, cancellationToken) is { } table)
            {
                folders[name] = folder;
                report.Add(table, selection, keys, now);
            }
        }

        return report;
    }

    // Spark writes a table to several files, and some of them have no rows.
    private StatisticTable? Read(string name, IEnumerable<string> parts, CancellationToken cancellationToken)
    {
        List<Statistic>? cells = null;
        foreach (string file in parts)
        {
            try
            {
                if (StatisticTable.Read(file, cancellationToken) is { } part)
                    (cells ??= []).AddRange(part.Cells);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _warnings.Add($"The statistics in {file} cannot be read: {e.Message}");
            }
        }

        return cells is null ? null : new StatisticTable(name, cells);
    }

    private void Add(StatisticTable table, StatisticSelection selection, StatisticKeys keys, long now)
    {
        Tables++;
        foreach (Statistic cell in table.Cells)
        {
            if (cell is { Table: "measures_of_counts", Name: "missing_pct", Attribute: { } column, Number: { } share })
                _missing[column] = share;
            string key = keys.Of(cell);
            if (!selection.Selects(table, cell, key))
            {
                NotSelected++;
                continue;
            }

            if (cell.Number is { } number)
                _metrics[key] = new Metric(key, number, now);
            else
                _tags[key] = ParamBuilder.Cut(key, cell.Text, _limits.TagValue, truncate: true, _warnings);
            foreach (string segment in key.Split('/'))
            {
                if (keys.Originals.TryGetValue(segment, out string? original))
                    _tags[NameTags + segment] = ParamBuilder.Cut(segment, original, _limits.TagValue, truncate: true, _warnings);
            }
        }

        if (table.Flagged is not { } flagged)
            return;
        _flagged[table.Name] = flagged;
        string count = _limits.ToValidKey(FlaggedPrefix + table.Name);
        if (!selection.Selects(count))
            return;
        _metrics[count] = new Metric(count, flagged.Count, now);
        _tags[count] = ParamBuilder.Cut(count, string.Join(", ", flagged), _limits.TagValue, truncate: true, _warnings);
    }
}
