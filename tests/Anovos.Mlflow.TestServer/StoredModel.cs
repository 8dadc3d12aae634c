namespace Anovos.Mlflow.TestServer;

/// <summary>The current state of a registered model on the server.</summary>
public sealed class StoredModel
{
    /// <summary>The name.</summary>
    public required string Name { get; set; }

    /// <summary>The description.</summary>
    public string Description { get; internal set; } = "";

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => TagValues;

    /// <summary>The version that each alias points to.</summary>
    public IReadOnlyDictionary<string, string> Aliases => AliasValues;

    /// <summary>The existing versions, oldest first.</summary>
    public IReadOnlyList<StoredModelVersion> Versions => VersionList;

    internal OrderedDictionary<string, string> TagValues { get; } = [];

    internal OrderedDictionary<string, string> AliasValues { get; } = [];

    internal List<StoredModelVersion> VersionList { get; } = [];

    internal long Time { get; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}

/// <summary>A version of a registered model.</summary>
public sealed class StoredModelVersion
{
    /// <summary>The number.</summary>
    public required string Version { get; init; }

    /// <summary>The source.</summary>
    public required string Source { get; init; }

    /// <summary>The run that created it.</summary>
    public string RunId { get; init; } = "";

    /// <summary>The stage.</summary>
    public string Stage { get; internal set; } = "None";

    /// <summary>The description.</summary>
    public string Description { get; internal set; } = "";

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => TagValues;

    internal OrderedDictionary<string, string> TagValues { get; } = [];

    internal long Time { get; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}

/// <summary>A logged model of MLflow 3.</summary>
internal sealed record StoredLoggedModel(string ModelId, string ExperimentId, string Name, string RunId, string ModelType, string ArtifactUri)
{
    public OrderedDictionary<string, string> Tags { get; } = [];

    public OrderedDictionary<string, string> Params { get; } = [];

    public string Status { get; set; } = "LOGGED_MODEL_PENDING";

    /// <summary>The points of its metrics, each once.</summary>
    public OrderedDictionary<(string Key, long Timestamp, long Step, string RunId), StoredModelMetric> Metrics { get; } = [];
}

/// <summary>A point of a logged model's metric.</summary>
internal sealed record StoredModelMetric(StoredMetric Point, string RunId, string DatasetName, string DatasetDigest);
