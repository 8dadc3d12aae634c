using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Reports;

/// <summary>Reads what a report needs beyond the runs themselves: metric histories and files.</summary>
/// <param name="options">The options of the report.</param>
/// <param name="progress">Called with the number of finished requests and of all requests, from several threads.</param>
internal sealed class ReportReader(ReportOptions options, Action<int, int> progress)
{
    /// <summary>The maximum number of metrics drawn, and of system metrics drawn. Each takes one request per run.</summary>
    public const int MostCurves = 40;

    private int _done;

    /// <summary>
    /// Chooses the metrics whose history is read. Plain names come before grouped names, because training code writes plain names.
    /// </summary>
    /// <param name="runs">The runs.</param>
    /// <param name="leftOut">The number of metrics beyond the limit.</param>
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

    /// <summary>Reads the runs, with several requests in parallel.</summary>
    /// <exception cref="MlflowException">
    /// A history cannot be read. Unreadable files are reported in <see cref="RunContent.Problem"/>.
    /// </exception>
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
            // This machine may not be allowed to read the bucket. The rest of the report is unaffected.
            return content with { Problem = e.Message };
        }
    }
}
