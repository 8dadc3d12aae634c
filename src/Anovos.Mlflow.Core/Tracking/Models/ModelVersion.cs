using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>A version of a registered model, as it stood when it was read.</summary>
public sealed record ModelVersion
{
    /// <summary>The stage of a version that was removed. MLflow keeps the row or file, so that no number is given twice.</summary>
    internal const string DeletedStage = "Deleted_Internal";

    /// <summary>The name of the registered model.</summary>
    public required string Name { get; init; }

    /// <summary>The number, from 1.</summary>
    public required long Version { get; init; }

    /// <summary>The stage, as <c>Production</c>; <c>None</c> without one. MLflow's documentation calls stages deprecated since 2.9: aliases replace them.</summary>
    public string Stage { get; init; } = "None";

    /// <summary>The aliases that point to it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary><c>READY</c>, or why it is not yet: <c>PENDING_REGISTRATION</c>, <c>FAILED_REGISTRATION</c>.</summary>
    public string Status { get; init; } = "";

    /// <summary>More about the status, where the server says more.</summary>
    public string StatusMessage { get; init; } = "";

    /// <summary>What it is, in its owner's words.</summary>
    public string Description { get; init; } = "";

    /// <summary>The URI that it was made from.</summary>
    public string Source { get; init; } = "";

    /// <summary>The run that made the model; empty where none is named.</summary>
    public string RunId { get; init; } = "";

    /// <summary>Who registered it; empty where the server does not say.</summary>
    public string UserId { get; init; } = "";

    /// <summary>When it was registered.</summary>
    public DateTimeOffset? CreationTime { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset? LastUpdateTime { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>The logged model that it is; empty where none is named. A database and a server do not keep it.</summary>
    internal string ModelId { get; init; } = "";

    /// <summary>An address of the run, where the registry has one.</summary>
    internal string RunLink { get; init; } = "";

    /// <summary>Where the files are, if a registry keeps it beside the source; a server does not say.</summary>
    internal string StorageLocation { get; init; } = "";

    /// <summary>Its URI: <c>models:/name/1</c>.</summary>
    public string ModelUri => $"models:/{Name}/{Version.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public override string ToString() => ModelUri;
}

/// <summary>A version to be made.</summary>
/// <param name="Name">The registered model.</param>
/// <param name="Source">The URI of the folder that the model is in.</param>
public sealed record NewModelVersion(string Name, string Source)
{
    /// <summary>The run that made the model.</summary>
    public string? RunId { get; init; }

    /// <summary>The logged model of MLflow 3 that it is.</summary>
    public string? ModelId { get; init; }

    /// <summary>What it is, in its owner's words.</summary>
    public string? Description { get; init; }

    /// <summary>Its first tags.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}
