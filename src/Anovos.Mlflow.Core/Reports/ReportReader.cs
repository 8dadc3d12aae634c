using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Reports;

/// <summary>Reads what a report says of runs beyond the runs themselves: histories, and files.</summary>
/// <param name="options">What goes into the report.</param>
/// <param name="progress">Told how many requests of how many are done; called from several threads.</param>
internal sealed class ReportReader(ReportOptions options, Action<int, int> progress)
{
    /// <summary>How many metrics are drawn at most, and how many system metrics. Each is a request a run.</summary>
    public const int MostCurves = 40;

    private int _done;

    /// <summary>The metrics whose history is read: plain names before those of groups, for a training writes the former.</summary>
    /// <param name="runs">The runs.</param>
    /// <param name="leftOut">How many more there would be.</param>
    public IReadOnlyList<string> Drawn(IReadOnlyList<Run> runs, out int leftOut)
    {
        IReadOnlyList<DriftTable> flags = DriftTable.Of(runs);
        bool IsShownElsewhere(string key) => key.StartsWith(Timings.Prefix, StringComparison.Ordinal) || key.StartsWith(StatisticReport.FlaggedPrefix, StringComparison.Ordinal) || flags.Any(table => table.Has(key));
        string[] keys =
        [
            .. runs.SelectMany(run => run.Metrics.Keys).Distinct().Where(key => options.Draws?.Invoke(key) ?? !IsShownElsewhere(key))
                .OrderBy(key => key.Count(c => c == '/')).ThenBy(key => key, StringComparer.Ordinal),
        ];
        ILookup<bool, string> bySystem = keys.ToLookup(SystemMetrics.Is);
        string[] drawn = [.. bySystem[false].Take(MostCurves), .. bySystem[true].Take(MostCurves)];
        leftOut = keys.Length - drawn.Length;
        return drawn;
    }

    /// <summary>Reads the runs, several requests at once.</summary>
    /// <exception cref="MlflowException">A history cannot be read. Files that cannot be are a <see cref="RunContent.Problem"/>.</exception>
    public async Task<IReadOnlyList<RunContent>> ReadAsync(IReadOnlyList<ReportSource> sources, IReadOnlyList<string> drawn, CancellationToken cancellationToken)
    {
        var curves = sources.Select(_ => new Dictionary<string, Curve>(StringComparer.Ordinal)).ToArray();
        var contents = new RunContent[sources.Count];
        (int Run, string? Key)[] work =
        [
            .. Enumerable.Range(0, sources.Count).SelectMany(run => drawn.Where(sources[run].Run.Metrics.ContainsKey).Select(key => (run, (string?)key)).Prepend((run, null))),
        ];
        await ParallelWork.RunAsync(work, ParallelWork.DefaultParallelism, ReadOneAsync, cancellationToken).ConfigureAwait(false);
        return [.. contents.Zip(curves, (content, own) => content with { Curves = own })];

        async Task ReadOneAsync((int Run, string? Key) item, CancellationToken token)
        {
            ReportSource source = sources[item.Run];
            if (item.Key is null)
            {
                contents[item.Run] = await ReadFilesAsync(source, sources.Count, token).ConfigureAwait(false);
            }
            else
            {
                List<Metric> history = await MetricHistory.ReadAllAsync(source.Store, source.Run.RunId, item.Key, token).ConfigureAwait(false);
                if (history.Count > 1)
                {
                    lock (curves)
                        curves[item.Run][item.Key] = Curve.Of(history);
                }
            }

            progress(Interlocked.Increment(ref _done), work.Length);
        }
    }

    private async Task<RunContent> ReadFilesAsync(ReportSource source, int runs, CancellationToken cancellationToken)
    {
        Run run = await source.Store.WithWorkspaceAsync(source.Run, cancellationToken).ConfigureAwait(false);
        var content = new RunContent(source.Run) { Page = run.PageIn(source.WorkspaceUrl) };
        try
        {
            using IArtifactStore store = await source.OpenArtifactsAsync(cancellationToken).ConfigureAwait(false);
            ArtifactIndex index = await ArtifactIndex.ReadAsync(store, cancellationToken).ConfigureAwait(false);
            return content with { Artifacts = index, Reports = await HtmlReport.ReadAsync(store, index.Files, options.MaximumLength, runs, cancellationToken).ConfigureAwait(false) };
        }
        catch (Exception e) when (e is MlflowException or IOException or UnauthorizedAccessException)
        {
            // A bucket that this machine may not read; the rest of the report is none the worse for it.
            return content with { Problem = e.Message };
        }
    }
}
