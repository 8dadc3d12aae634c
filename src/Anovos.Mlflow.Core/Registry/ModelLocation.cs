using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>The location of a model's files.</summary>
/// <param name="ModelUri">The URI of the model. If an alias or a stage was given, the URI of the version.</param>
/// <param name="Owner">The run that has the files as artifacts; a run without an id if the root belongs to the model alone.</param>
/// <param name="ArtifactPath">The folder among the artifacts; empty for the root.</param>
public sealed record ModelLocation(string ModelUri, Run Owner, string ArtifactPath)
{
    /// <summary>The version; null if it is not a version.</summary>
    public ModelVersion? Version { get; init; }

    /// <summary>The logged model; null if it is not one.</summary>
    public LoggedModel? Logged { get; init; }

    /// <summary>Opens the files if the registry itself gives access to them; null if they are ordinary artifacts.</summary>
    internal Func<IArtifactStore>? Files { get; init; }

    /// <summary>The run that created the model; empty if none is named.</summary>
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

    /// <summary>Returns a root that does not belong to a run.</summary>
    internal static Run Root(string artifactUri) => new() { RunId = "", ExperimentId = "", ArtifactUri = artifactUri };
}
