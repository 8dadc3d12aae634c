using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>Where the files of a model are.</summary>
/// <param name="ModelUri">The URI of the model: of the version, where an alias or a stage named it.</param>
/// <param name="Owner">The run whose artifacts they are among; one without an id for a root that is the model's alone.</param>
/// <param name="ArtifactPath">The folder there; empty for the root.</param>
public sealed record ModelLocation(string ModelUri, Run Owner, string ArtifactPath)
{
    /// <summary>The version, where it is one.</summary>
    public ModelVersion? Version { get; init; }

    /// <summary>The logged model, where it is one.</summary>
    public LoggedModel? Logged { get; init; }

    /// <summary>Opens the files where the registry gives access to them itself; null where they are artifacts like others.</summary>
    internal Func<IArtifactStore>? Files { get; init; }

    /// <summary>The run that made the model; empty where none is named.</summary>
    public string RunId => Version?.RunId ?? Logged?.RunId ?? Owner.RunId;

    /// <summary>The URI of the folder.</summary>
    public string ArtifactUri => ArtifactPath.Length == 0 ? Owner.ArtifactUri : LocalUri.Append(Owner.ArtifactUri, ArtifactPath);

    /// <summary>Opens the files.</summary>
    /// <inheritdoc cref="ArtifactStores.Open"/>
    public IArtifactStore OpenArtifacts(ITrackingStore store, Action<RetryNotice>? onRetry = null, Action<string>? warn = null)
    {
        if (Files is not null)
            return Files();
        IArtifactStore artifacts = ArtifactStores.Open(Owner, store, onRetry, warn);
        return ArtifactPath.Length == 0 ? artifacts : new ArtifactSubtree(artifacts, ArtifactPath);
    }

    /// <summary>A root that belongs to no run.</summary>
    internal static Run Root(string artifactUri) => new() { RunId = "", ExperimentId = "", ArtifactUri = artifactUri };
}
