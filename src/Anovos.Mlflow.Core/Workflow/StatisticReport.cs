using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>What the tables of a report folder say, as metrics and tags of a run.</summary>
public sealed class StatisticReport
{
    /// <summary>Metrics and tags about a table that flags attributes begin with it.</summary>
    internal const string FlaggedPrefix = StatisticTable.FlaggedColumn + "/";

    /// <summary>Tags with the names that a key cannot hold begin with it.</summary>
    internal const string NameTags = "anovos.statistic.name/";

    private readonly Dictionary<string, Metric> _metrics = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _flagged = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private readonly StoreLimits _limits;

    private StatisticReport(StoreLimits limits) => _limits = limits;

    /// <summary>The numbers as metrics, the texts as tags.</summary>
    public RunData Data => new() { Metrics = [.. _metrics.Values], Tags = [.. _tags.Select(tag => new Tag(tag.Key, tag.Value))] };

    /// <summary>The attributes that drifted or are unstable, by table.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FlaggedAttributes => _flagged;

    /// <summary>How many tables there were.</summary>
    public int Tables { get; private set; }

    /// <summary>How many numbers and texts were not selected.</summary>
    public int NotSelected { get; private set; }

    /// <summary>What could not be read or was changed, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The files of a workflow's outputs that may hold statistics and are tracked.</summary>
    public static IReadOnlyList<string> FilesOf(IEnumerable<ScannedOutput> outputs) =>
    [
        .. outputs.Where(output => !output.Output.IsRemote && (output.Kind is OutputKind.Statistic or OutputKind.Report))
            .SelectMany(output => output.Files).Where(file => file.Tracked).Select(file => file.FullPath),
    ];

    /// <summary>Reads the tables. A file that holds no statistics is passed over; of two of one name the first counts.</summary>
    /// <param name="files">CSV files.</param>
    /// <param name="selection">Which statistics.</param>
    /// <param name="limits">What the store of the run accepts.</param>
    /// <param name="cancellationToken">Ends it between rows.</param>
    public static StatisticReport Of(
        IEnumerable<string> files, StatisticSelection selection, StoreLimits limits, CancellationToken cancellationToken)
    {
        var report = new StatisticReport(limits);
        var keys = new StatisticKeys(limits);
        var folders = new Dictionary<string, string?>(StringComparer.Ordinal);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (string file in files.Where(file => file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)).Distinct())
        {
            string name = StatisticTable.NameOf(file);
            if (folders.TryGetValue(name, out string? folder) && folder != Path.GetDirectoryName(file))
            {
                report._warnings.Add($"The table {name} is in {folder} and in {Path.GetDirectoryName(file)}; the first is reported.");
                continue;
            }

            try
            {
                if (StatisticTable.Read(file, cancellationToken) is not { } table)
                    continue;
                folders[name] = Path.GetDirectoryName(file);
                report.Add(table, selection, keys, now);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                report._warnings.Add($"The statistics in {file} cannot be read: {e.Message}");
            }
        }

        return report;
    }

    private void Add(StatisticTable table, StatisticSelection selection, StatisticKeys keys, long now)
    {
        Tables++;
        foreach (Statistic cell in table.Cells)
        {
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
