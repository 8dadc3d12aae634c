using System.Collections.ObjectModel;

namespace Anovos.Mlflow.TestServer;

/// <summary>A point of a metric, as stored.</summary>
public sealed record StoredMetric(string Key, double Value, long Timestamp, long Step);

/// <summary>The current state of a run on the server. It is live, so read it when no request is in progress.</summary>
public sealed class StoredRun
{
    private readonly HashSet<StoredMetric> _points = [];
    private readonly List<StoredMetric> _metrics = [];
    private readonly OrderedDictionary<string, StoredMetric> _latest = [];

    /// <summary>The id.</summary>
    public required string RunId { get; init; }

    /// <summary>The id of its experiment.</summary>
    public required string ExperimentId { get; init; }

    /// <summary>The URI below which its artifacts are stored.</summary>
    public required string ArtifactUri { get; init; }

    /// <summary>The name.</summary>
    public string RunName { get; internal set; } = "";

    /// <summary>The user who started it.</summary>
    public string UserId { get; init; } = "";

    /// <summary>The status, as MLflow spells it.</summary>
    public string Status { get; internal set; } = "RUNNING";

    /// <summary>The start time, in Unix milliseconds.</summary>
    public long StartTime { get; init; }

    /// <summary>The end time in Unix milliseconds; null while it is running.</summary>
    public long? EndTime { get; internal set; }

    /// <summary><c>active</c> or <c>deleted</c>.</summary>
    public string LifecycleStage { get; internal set; } = "active";

    /// <summary>The params.</summary>
    public IReadOnlyDictionary<string, string> Params => ParamValues;

    /// <summary>The tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => TagValues;

    /// <summary>All points of all metrics, in the order of their arrival.</summary>
    public ReadOnlyCollection<StoredMetric> Metrics => _metrics.AsReadOnly();

    /// <summary>A metric's latest point: the largest step, then timestamp, then value.</summary>
    public IReadOnlyDictionary<string, StoredMetric> LatestMetrics => _latest;

    /// <summary>The bodies of <c>log-inputs</c>.</summary>
    public IReadOnlyList<string> Inputs => InputBodies;

    internal OrderedDictionary<string, string> ParamValues { get; } = [];

    internal OrderedDictionary<string, string> TagValues { get; } = [];

    internal List<string> InputBodies { get; } = [];

    /// <summary>Each dataset once, by name and digest, as protobuf prints it.</summary>
    internal OrderedDictionary<(string Name, string Digest), object> DatasetInputs { get; } = [];

    /// <summary>The logged models that it reads.</summary>
    internal List<string> ModelInputs { get; } = [];

    /// <summary>The logged models that it created, each with its step.</summary>
    internal OrderedDictionary<string, long> ModelOutputs { get; } = [];

    internal bool KeepsRepeatedPoints { get; init; }

    internal void Add(StoredMetric point)
    {
        // Databases have no infinity: MLflow stores the largest double instead.
        point = point with { Value = double.IsInfinity(point.Value) ? Math.Sign(point.Value) * double.MaxValue : point.Value };
        if (!_points.Add(point) && !KeepsRepeatedPoints)
            return;
        _metrics.Add(point);
        if (!_latest.TryGetValue(point.Key, out var latest) || Order(point).CompareTo(Order(latest)) >= 0)
            _latest[point.Key] = point;
    }

    internal void SetTag(string key, string value)
    {
        TagValues[key] = value;
        if (key == "mlflow.runName")
            RunName = value;
    }

    private static (long, long, double) Order(StoredMetric point) => (point.Step, point.Timestamp, point.Value);
}
