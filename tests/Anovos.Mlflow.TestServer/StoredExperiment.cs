namespace Anovos.Mlflow.TestServer;

/// <summary>The current state of an experiment on the server.</summary>
public sealed class StoredExperiment
{
    /// <summary>The id.</summary>
    public required string ExperimentId { get; init; }

    /// <summary>The name.</summary>
    public required string Name { get; set; }

    /// <summary>The URI below which the runs' artifacts are stored.</summary>
    public required string ArtifactLocation { get; init; }

    /// <summary><c>active</c> or <c>deleted</c>.</summary>
    public string LifecycleStage { get; internal set; } = "active";

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags => TagValues;

    internal OrderedDictionary<string, string> TagValues { get; } = [];

    internal string? Owner { get; init; }

    internal long CreationTime { get; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    internal long LastUpdateTime { get; private set; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    internal void Touch() => LastUpdateTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
}
