namespace Anovos.Mlflow.Tracking;

/// <summary>A model that MLflow 3 keeps beside the runs, as it stood when it was read.</summary>
public sealed record LoggedModel
{
    /// <summary>The id: <c>m-</c> and 32 hex digits.</summary>
    public required string ModelId { get; init; }

    /// <summary>The name; need not be unique.</summary>
    public string Name { get; init; } = "";

    /// <summary>The id of its experiment.</summary>
    public string ExperimentId { get; init; } = "";

    /// <summary>The run that logged it; empty where none is named.</summary>
    public string RunId { get; init; } = "";

    /// <summary>What kind of model it is; empty where nobody said.</summary>
    public string ModelType { get; init; } = "";

    /// <summary><c>READY</c>, <c>PENDING</c> while it is being logged, or <c>UPLOAD_FAILED</c>.</summary>
    public string Status { get; init; } = "";

    /// <summary>The URI under which its files are.</summary>
    public string ArtifactUri { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its params.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>Its metrics: the last value that the server names for a key.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>More about the status, where the store says more.</summary>
    internal string StatusMessage { get; init; } = "";

    /// <summary>Whether it is in the trash.</summary>
    internal LifecycleStage LifecycleStage { get; init; }

    /// <summary>The points of its metrics: all that the store names. A server over a folder names the last of each dataset.</summary>
    internal IReadOnlyList<LoggedModelMetric> Points { get; init; } = [];

    /// <summary>Its URI: <c>models:/m-…</c>.</summary>
    public string ModelUri => $"models:/{ModelId}";

    /// <inheritdoc/>
    public override string ToString() => ModelUri;
}
