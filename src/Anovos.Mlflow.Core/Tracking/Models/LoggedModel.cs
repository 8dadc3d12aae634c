namespace Anovos.Mlflow.Tracking;

/// <summary>A model that MLflow 3 keeps in addition to runs, as it was when it was read.</summary>
public sealed record LoggedModel
{
    /// <summary>The id: <c>m-</c> and 32 hex digits.</summary>
    public required string ModelId { get; init; }

    /// <summary>The name; not necessarily unique.</summary>
    public string Name { get; init; } = "";

    /// <summary>The id of its experiment.</summary>
    public string ExperimentId { get; init; } = "";

    /// <summary>The id of the run that logged it; empty if unknown.</summary>
    public string RunId { get; init; } = "";

    /// <summary>The kind of model; empty if not given.</summary>
    public string ModelType { get; init; } = "";

    /// <summary><c>READY</c>, <c>PENDING</c> while it is being logged, or <c>UPLOAD_FAILED</c>.</summary>
    public string Status { get; init; } = "";

    /// <summary>The URI of its files.</summary>
    public string ArtifactUri { get; init; } = "";

    /// <summary>The time of creation.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The time of the last change.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its params.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>Its metrics, with the last value that the server returns for each key.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The URI of the store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>Details about the status, if the store has any.</summary>
    internal string StatusMessage { get; init; } = "";

    /// <summary>Whether it is in the trash.</summary>
    internal LifecycleStage LifecycleStage { get; init; }

    /// <summary>
    /// The points of its metrics, as far as the store returns them. A server over a folder returns only the last point of each dataset.
    /// </summary>
    internal IReadOnlyList<LoggedModelMetric> Points { get; init; } = [];

    /// <summary>The URI of the model: <c>models:/m-…</c>.</summary>
    public string ModelUri => $"models:/{ModelId}";

    /// <inheritdoc/>
    public override string ToString() => ModelUri;
}
