namespace Anovos.Mlflow.Artifacts;

/// <summary>A store that needs a credential per artifact and fetches them in batches when given the upload list in advance.</summary>
internal interface IPrefetchesCredentials
{
    /// <summary>Names the artifacts that will be sent, in that order.</summary>
    void ExpectUploads(IEnumerable<string> artifactPaths);
}
