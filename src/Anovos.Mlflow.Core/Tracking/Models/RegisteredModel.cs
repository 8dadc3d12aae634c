namespace Anovos.Mlflow.Tracking;

/// <summary>A name in the registry that groups the versions of a model, as it was when it was read.</summary>
public sealed record RegisteredModel
{
    /// <summary>The name; unique in its registry.</summary>
    public required string Name { get; init; }

    /// <summary>The owner's description.</summary>
    public string Description { get; init; } = "";

    /// <summary>The number of its newest version; null if it has none.</summary>
    public long? LatestVersion => LatestVersions.Count == 0 ? null : LatestVersions.Max(version => version.Version);

    /// <summary>The newest version of each stage that has one.</summary>
    public IReadOnlyList<ModelVersion> LatestVersions { get; init; } = [];

    /// <summary>The version that each alias points to.</summary>
    public IReadOnlyDictionary<string, long> Aliases { get; init; } = new Dictionary<string, long>();

    /// <summary>The time of creation.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The time when it or one of its versions was last changed.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The URI of the store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => Name;
}
