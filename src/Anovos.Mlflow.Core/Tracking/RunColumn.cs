namespace Anovos.Mlflow.Tracking;

/// <summary>A column of a table of runs, as in the data frame of <c>mlflow.search_runs</c>.</summary>
/// <param name="MlflowName">The name in the data frame, such as <c>status</c> or <c>metrics.rmse</c>.</param>
/// <param name="Value">Reads a run's value: a text, a number or a time in UTC; null if the run has none.</param>
public sealed record RunColumn(string MlflowName, Func<Run, object?> Value)
{
    private static readonly RunColumn[] Fixed =
    [
        new("run_id", run => run.RunId),
        new("experiment_id", run => run.ExperimentId),
        new("status", run => run.Status.ToString().ToUpperInvariant()),
        new("artifact_uri", run => run.ArtifactUri),
        new("start_time", run => run.StartTime.UtcDateTime),
        new("end_time", run => run.EndTime?.UtcDateTime),
    ];

    /// <summary>
    /// The name in a table whose names ignore case: <see cref="MlflowName"/>, followed by a number if an earlier column has that name.
    /// </summary>
    public string Name { get; private init; } = MlflowName;

    /// <summary>
    /// Returns the columns of a table of the runs: the fixed ones, then metrics, params and tags, each kind ordered by key.
    /// </summary>
    public static IReadOnlyList<RunColumn> Of(IReadOnlyCollection<Run> runs) => WithDistinctNames(
    [
        .. Fixed,
        .. Keys(runs, run => run.Metrics).Select(key => new RunColumn($"metrics.{key}", run => ValueOf(run.Metrics, key))),
        .. Keys(runs, run => run.Params).Select(key => new RunColumn($"params.{key}", run => ValueOf(run.Params, key))),
        .. Keys(runs, run => run.Tags).Select(key => new RunColumn($"tags.{key}", run => ValueOf(run.Tags, key))),
    ]);

    private static IEnumerable<string> Keys<T>(IEnumerable<Run> runs, Func<Run, IReadOnlyDictionary<string, T>> values) =>
        runs.SelectMany(run => values(run).Keys).Distinct(StringComparer.Ordinal).OrderBy(key => key, StringComparer.Ordinal);

    private static object? ValueOf<T>(IReadOnlyDictionary<string, T> values, string key) =>
        values.TryGetValue(key, out T? value) ? value : null;

    private static IReadOnlyList<RunColumn> WithDistinctNames(RunColumn[] columns)
    {
        // A key that already looks like a name with a number keeps its name.
        var taken = new HashSet<string>(columns.Select(column => column.MlflowName), StringComparer.OrdinalIgnoreCase);
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return [.. columns.Select(column => seen.Add(column.MlflowName) ? column : column with { Name = FreeName(column.MlflowName) })];

        string FreeName(string name)
        {
            int number = 2;
            while (!taken.Add($"{name}_{number}"))
                number++;
            return $"{name}_{number}";
        }
    }
}
