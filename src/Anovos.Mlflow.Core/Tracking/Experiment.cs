namespace Anovos.Mlflow.Tracking;

/// <summary>An experiment: a named set of runs with one artifact root.</summary>
public sealed class Experiment
{
    /// <summary>The id; digits, but a string everywhere in MLflow.</summary>
    public required string ExperimentId { get; init; }

    /// <summary>The name; on Databricks the workspace location.</summary>
    public required string Name { get; init; }

    /// <summary>Whether its name cannot be read, and <see cref="Name"/> only says so.</summary>
    internal bool HasUnreadableName { get; init; }

    /// <summary>The URI under which the runs' artifacts go.</summary>
    public string ArtifactLocation { get; init; } = "";

    /// <summary>Whether it is in the trash.</summary>
    public LifecycleStage LifecycleStage { get; init; }

    /// <summary>When it was made; null where a store does not say.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>When it was changed last; null where a store does not say.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>The store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <inheritdoc/>
    public override string ToString() => Name;
}
