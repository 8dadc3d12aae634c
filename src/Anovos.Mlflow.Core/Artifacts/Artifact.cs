namespace Anovos.Mlflow.Artifacts;

/// <summary>A file or folder among a run's artifacts.</summary>
/// <param name="ArtifactPath">Its path relative to the run's artifact root, with slashes.</param>
/// <param name="IsDirectory">Whether it is a folder.</param>
/// <param name="Length">The size in bytes; null for a folder.</param>
public sealed record Artifact(string ArtifactPath, bool IsDirectory, long? Length)
{
    /// <summary>The run it belongs to.</summary>
    public string RunId { get; init; } = "";

    /// <inheritdoc/>
    public override string ToString() => ArtifactPath;
}
