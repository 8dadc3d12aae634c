namespace Anovos.Mlflow.Artifacts;

/// <summary>A store that needs a permission for each artifact, and asks for many at once when it is told what comes.</summary>
internal interface IPrefetchesCredentials
{
    /// <summary>Tells which artifacts will be sent, in that order.</summary>
    void ExpectUploads(IEnumerable<string> artifactPaths);
}
