namespace Anovos.Mlflow.Tracking;

/// <summary>One point of a metric.</summary>
/// <param name="Key">The metric's name.</param>
/// <param name="Value">The value; may be NaN or infinite.</param>
/// <param name="Timestamp">The time, in Unix milliseconds.</param>
/// <param name="Step">The step; may be negative.</param>
public sealed record Metric(string Key, double Value, long Timestamp, long Step = 0);

/// <summary>A param: a setting of the run. It is written once.</summary>
public sealed record Param(string Key, string Value);

/// <summary>A tag: a label of a run or an experiment. It may change.</summary>
public sealed record Tag(string Key, string Value);

/// <summary>Metrics, params and tags to be written together.</summary>
public sealed record RunData
{
    /// <summary>The points of metrics.</summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>The params; each key at most once.</summary>
    public IReadOnlyList<Param> Params { get; init; } = [];

    /// <summary>The tags; the last value of a key wins.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The number of metrics, params and tags together.</summary>
    public int Count => Metrics.Count + Params.Count + Tags.Count;
}
