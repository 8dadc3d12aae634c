namespace Anovos.Mlflow.Artifacts;

/// <summary>A store of artifacts that are objects in a bucket, which can be copied there without passing this machine.</summary>
internal interface IObjectStore
{
    /// <summary>An artifact as the source of a copy; null if the objects cannot be read directly.</summary>
    /// <param name="artifactPath">The artifact, as listed.</param>
    /// <param name="length">Its length, as listed.</param>
    ArtifactSource? TryGetSource(string artifactPath, long length);
}
