namespace Anovos.Mlflow.Tracking;

/// <summary>An experiment: a named set of runs with one artifact root.</summary>
public sealed class Experiment
{
    /// <summary>The id; consists of digits, but MLflow treats it as a string everywhere.</summary>
    public required string ExperimentId { get; init; }

    /// <summary>The name; on Databricks, the path in the workspace.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the name cannot be read; <see cref="Name"/> is then only a placeholder that says so.</summary>
    internal bool HasUnreadableName { get; init; }

    /// <summary>The URI under which the artifacts of the runs are stored.</summary>
    public string ArtifactLocation { get; init; } = "";

    /// <summary>Whether it is in the trash.</summary>
    public LifecycleStage LifecycleStage { get; init; }

    /// <summary>The time of creation; null if the store does not report it.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The time of the last change; null if the store does not report it.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>The URI of the store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => Name;
}
