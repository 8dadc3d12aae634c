namespace Anovos.Mlflow.Artifacts;

/// <summary>A store whose artifacts are objects in a bucket. They can be copied there without passing through this machine.</summary>
internal interface IObjectStore
{
    /// <summary>Returns an artifact as the source of a copy; null if the objects cannot be read directly.</summary>
    /// <param name="artifactPath">The artifact, as listed.</param>
    /// <param name="length">Its length, as listed.</param>
    ArtifactSource? TryGetSource(string artifactPath, long length);
}
