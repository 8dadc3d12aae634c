namespace Anovos.Mlflow.Tracking;

/// <summary>A name in the registry under which versions of a model stand, as it stood when it was read.</summary>
public sealed record RegisteredModel
{
    /// <summary>The name; unique in its registry.</summary>
    public required string Name { get; init; }

    /// <summary>What it is, in its owner's words.</summary>
    public string Description { get; init; } = "";

    /// <summary>The number of its newest version; null while it has none.</summary>
    public long? LatestVersion => LatestVersions.Count == 0 ? null : LatestVersions.Max(version => version.Version);

    /// <summary>The newest version of each stage that has one.</summary>
    public IReadOnlyList<ModelVersion> LatestVersions { get; init; } = [];

    /// <summary>The version that each alias points to.</summary>
    public IReadOnlyDictionary<string, long> Aliases { get; init; } = new Dictionary<string, long>();

    /// <summary>When it was made.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>When it or one of its versions was changed last.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => Name;
}
