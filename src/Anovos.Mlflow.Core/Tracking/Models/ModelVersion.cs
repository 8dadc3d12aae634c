using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>A version of a registered model, as it was when it was read.</summary>
public sealed record ModelVersion
{
    /// <summary>The stage of a removed version. MLflow keeps its row or file, so that no number is used twice.</summary>
    internal const string DeletedStage = "Deleted_Internal";

    /// <summary>The name of the registered model.</summary>
    public required string Name { get; init; }

    /// <summary>The number, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>
    /// The stage, such as <c>Production</c>; <c>None</c> if it has none. MLflow's documentation calls stages deprecated since 2.9: aliases
    /// replace them.
    /// </summary>
    public string Stage { get; init; } = "None";

    /// <summary>The aliases that point to it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary><c>READY</c>, or why it is not ready: <c>PENDING_REGISTRATION</c>, <c>FAILED_REGISTRATION</c>.</summary>
    public string Status { get; init; } = "";

    /// <summary>Details about the status, if the server has any.</summary>
    public string StatusMessage { get; init; } = "";

    /// <summary>The owner's description.</summary>
    public string Description { get; init; } = "";

    /// <summary>The URI that it was created from.</summary>
    public string Source { get; init; } = "";

    /// <summary>The id of the run that created the model; empty if unknown.</summary>
    public string RunId { get; init; } = "";

    /// <summary>The user who registered it; empty if the server does not say.</summary>
    public string UserId { get; init; } = "";

    /// <summary>The time of registration.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>The time of the last change.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The URI of the store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>The id of its logged model; empty if unknown. A database and a server do not store it.</summary>
    internal string ModelId { get; init; } = "";

    /// <summary>An address of the run, if the registry has one.</summary>
    internal string RunLink { get; init; } = "";

    /// <summary>The location of the files, if the registry stores it in addition to the source; a server does not return it.</summary>
    internal string StorageLocation { get; init; } = "";

    /// <summary>The URI of the version: <c>models:/name/1</c>.</summary>
    public string ModelUri => $"models:/{Name}/{Version.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public override string ToString() => ModelUri;
}

/// <summary>A version to be created.</summary>
/// <param name="Name">The registered model.</param>
/// <param name="Source">The URI of the folder that contains the model.</param>
public sealed record NewModelVersion(string Name, string Source)
{
    /// <summary>The id of the run that created the model.</summary>
    public string? RunId { get; init; }

    /// <summary>The id of its logged model in MLflow 3.</summary>
    public string? ModelId { get; init; }

    /// <summary>The owner's description.</summary>
    public string? Description { get; init; }

    /// <summary>Its first tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}
