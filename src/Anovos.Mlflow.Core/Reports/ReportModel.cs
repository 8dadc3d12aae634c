using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Reports;

/// <summary>The data of a report's page, as its script reads it. Lists by run are in the order of <see cref="Runs"/>.</summary>
internal sealed record ReportModel
{
    // These tags have their own sections, or are useful only to programs.
    private static readonly string[] ElsewhereTags =
    [
        RunTags.Note, StatisticReport.NameTags, StatisticReport.FlaggedPrefix, "mlflow.log-model.history", SystemMetricOptions.MissingTag,
    ];

    public required string Title { get; init; }

    public required IReadOnlyList<RunModel> Runs { get; init; }

    public required IReadOnlyList<RowModel> Params { get; init; }

    public required IReadOnlyList<RowModel> Metrics { get; init; }

    public required IReadOnlyList<RowModel> Tags { get; init; }

    public required IReadOnlyList<ChartModel> Charts { get; init; }

    /// <summary>The number of metrics without a chart because there would be too many.</summary>
    public required int NotDrawn { get; init; }

    /// <summary>The seconds of each step, slowest first.</summary>
    public required IReadOnlyList<RowModel> Steps { get; init; }

    /// <summary>The seconds of the whole workflow; null if no run has them.</summary>
    public RowModel? Total { get; init; }

    /// <summary>The latest values of system metrics, with names without their prefix.</summary>
    public required IReadOnlyList<RowModel> System { get; init; }

    public required IReadOnlyList<DriftTable> Drift { get; init; }

    /// <summary>Returns the data of runs.</summary>
    public static ReportModel Of(string title, IReadOnlyList<RunContent> contents, int notDrawn)
    {
        Run[] runs = [.. contents.Select(content => content.Run)];
        ILookup<string, RowModel> rows = RunComparison.Of(runs).ToLookup(row => row.Kind, row => new RowModel(row.Key, [.. runs.Select(run => Value(row.Values[run.RunId]))], row.IsEqual));
        IReadOnlyList<DriftTable> drift = DriftTable.Of(runs);
        RowModel[] times = [.. rows["Metric"].Where(row => row.Key.StartsWith(Timings.Prefix, StringComparison.Ordinal))];
        return new ReportModel
        {
            Title = title,
            Runs = [.. contents.Select(RunModel.Of)],
            Params = [.. rows["Param"]],
            System =
            [
                .. rows["Metric"].Where(row => SystemMetrics.Is(row.Key))
                    .Select(row => row with { Key = row.Key.Substring(SystemMetrics.Prefix.Length) }),
            ],
            Metrics = [.. rows["Metric"].Where(row => !SystemMetrics.Is(row.Key) && !times.Contains(row) && !row.Key.StartsWith(StatisticReport.FlaggedPrefix, StringComparison.Ordinal) && !drift.Any(table => table.Has(row.Key)))],
            Tags = [.. rows["Tag"].Where(row => !ElsewhereTags.Any(prefix => row.Key.StartsWith(prefix, StringComparison.Ordinal)))],
            Charts = [.. contents.SelectMany(content => content.Curves.Keys).Distinct().OrderBy(key => key, StringComparer.Ordinal).Select(key => ChartModel.Of(key, contents))],
            NotDrawn = notDrawn,
            Steps = [.. times.Where(row => Timings.IsStep(row.Key))
                .Select(row => row with { Key = row.Key.Substring(Timings.Prefix.Length) }).OrderByDescending(Slowest)
                .ThenBy(row => row.Key, StringComparer.Ordinal)],
            Total = times.FirstOrDefault(row => row.Key == Timings.Total),
            Drift = drift,
        };
    }

    private static object? Value(object? value) => value is double number ? Curve.AsWritten(number) : value;

    private static double Slowest(RowModel row) => row.Values.OfType<double>().DefaultIfEmpty().Max();
}

/// <summary>A key with each run's value: a text, a number, or null.</summary>
internal sealed record RowModel(string Key, IReadOnlyList<object?> Values, bool Equal);

/// <summary>The summary of a run.</summary>
internal sealed record RunModel(string Id, string Name, string Experiment, string Status, string User, string Store)
{
    public string? Page { get; init; }

    public string? Note { get; init; }

    public string? Parent { get; init; }

    /// <summary>What the run's system metrics leave out.</summary>
    public string? SystemMissing { get; init; }

    /// <summary>The start time, in Unix milliseconds.</summary>
    public long Start { get; init; }

    public double? Seconds { get; init; }

    public bool Deleted { get; init; }

    public required IReadOnlyList<DatasetModel> Datasets { get; init; }

    public required IReadOnlyList<FileModel> Files { get; init; }

    public bool FilesComplete { get; init; }

    public required IReadOnlyList<HtmlModel> Reports { get; init; }

    public string? Problem { get; init; }

    public static RunModel Of(RunContent content)
    {
        Run run = content.Run;
        return new RunModel(run.RunId, run.RunName, run.Experiment, run.Status.ToString(), run.UserId, run.TrackingUri)
        {
            Page = content.Page,
            Note = run.Tags.TryGetValue(RunTags.Note, out string? note) ? note : null,
            Parent = run.Tags.TryGetValue(RunTags.ParentRunId, out string? parent) ? parent : null,
            SystemMissing = run.Tags.TryGetValue(SystemMetricOptions.MissingTag, out string? missing) ? missing : null,
            Start = run.StartTime.ToUnixTimeMilliseconds(),
            Seconds = run.Duration?.TotalSeconds,
            Deleted = run.LifecycleStage == LifecycleStage.Deleted,
            Datasets = [.. run.Inputs.Select(input => new DatasetModel(input.Name, input.Digest, input.SourceType, input.Source, input.Tags.FirstOrDefault(tag => tag.Key == DatasetInput.ContextTag)?.Value))],
            Files = [.. content.Artifacts.Files.Select(file => new FileModel(file.ArtifactPath, file.Length))],
            FilesComplete = content.Artifacts.IsComplete,
            Reports = [.. content.Reports.Select(report => new HtmlModel(report.ArtifactPath, report.Length, report.Copy, report.WhyNot))],
            Problem = content.Problem,
        };
    }
}

/// <summary>A dataset that a run reads.</summary>
internal sealed record DatasetModel(string Name, string Digest, string Type, string Source, string? Context);

/// <summary>A file of a run.</summary>
internal sealed record FileModel(string Path, long? Length);

/// <summary>An HTML report of a run, with its gzip copy.</summary>
internal sealed record HtmlModel(string Path, long Length, byte[]? Copy, string? WhyNot);

/// <summary>The curves of a metric. If drawn by time, the axis is seconds since each curve's first point.</summary>
internal sealed record ChartModel(string Key, bool ByTime, IReadOnlyList<SeriesModel> Series)
{
    public static ChartModel Of(string key, IReadOnlyList<RunContent> contents)
    {
        (int Run, Curve Curve)[] curves = [.. contents.Select((content, run) => (run, Curve: content.Curves.TryGetValue(key, out Curve? curve) ? curve : null)).Where(pair => pair.Curve is not null).Select(pair => (pair.run, pair.Curve!))];
        bool byTime = curves.Any(pair => pair.Curve.IsByTime) || SystemMetrics.Is(key);
        return new ChartModel(key, byTime, [.. curves.Select(pair => SeriesModel.Of(pair.Run, pair.Curve, byTime))]);
    }
}

/// <summary>The curve of a run.</summary>
internal sealed record SeriesModel(int Run, IReadOnlyList<double> X, IReadOnlyList<double> Y, int Length, int NotFinite)
{
    public static SeriesModel Of(int run, Curve curve, bool byTime)
    {
        // A history that counts steps, next to one that does not, may go back in time.
        Metric[] points = byTime ? [.. curve.Points.OrderBy(point => point.Timestamp)] : [.. curve.Points];
        return new SeriesModel(
            run,
            [.. points.Select(point => byTime ? (point.Timestamp - points[0].Timestamp) / 1000.0 : point.Step)],
            [.. points.Select(point => point.Value)],
            curve.Length,
            curve.NotFinite);
    }
}
