namespace Anovos.Mlflow.Tracking;

/// <summary>One point of a metric.</summary>
/// <param name="Key">The metric's name.</param>
/// <param name="Value">The value; NaN and the infinities are values too.</param>
/// <param name="Timestamp">Unix milliseconds.</param>
/// <param name="Step">The step; may be negative.</param>
public sealed record Metric(string Key, double Value, long Timestamp, long Step = 0);

/// <summary>A param: a setting of the run, written once.</summary>
public sealed record Param(string Key, string Value);

/// <summary>A tag: a mark on a run or an experiment that may change.</summary>
public sealed record Tag(string Key, string Value);

/// <summary>Metrics, params and tags that are written together.</summary>
public sealed record RunData
{
    /// <summary>Points of metrics.</summary>
    public IReadOnlyList<Metric> Metrics { get; init; } = [];

    /// <summary>Params; a key at most once.</summary>
    public IReadOnlyList<Param> Params { get; init; } = [];

    /// <summary>Tags; the last of a key wins.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>How many metrics, params and tags there are together.</summary>
    public int Count => Metrics.Count + Params.Count + Tags.Count;
}
