using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>Chooses how the artifacts of a run at a <c>dbfs:</c> address are reached.</summary>
internal static class DbfsRoots
{
    private const string Volumes = "/Volumes/";

    /// <summary>Where a node of a cluster has the Databricks file system; null on other machines.</summary>
    public static string? MountPoint => Environment.GetEnvironmentVariable("DATABRICKS_RUNTIME_VERSION") is { Length: > 0 } && Directory.Exists("/dbfs") ? "/dbfs" : null;

    /// <summary>The error that artifacts of a workspace are not removed: MLflow's clients cannot either (its DatabricksArtifactRepository).</summary>
    public static MlflowException RemovesNone(string artifactPath) =>
        new(ErrorKind.ArtifactRemovalFailed, $"The artifact '{artifactPath}' is in a Databricks workspace, where artifacts cannot be removed one by one. Remove the run with Remove-MlflowRun; the workspace removes its artifacts when it empties its trash.") { Target = artifactPath };

    /// <summary>Opens the artifacts of <paramref name="run"/>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> or <see cref="ErrorKind.ArtifactPathInvalid"/> for an address that is none.</exception>
    public static IArtifactStore Open(RestApi api, Run run, string? mountPoint)
    {
        if (DatabricksArtifactStore.IsRoot(run.ArtifactUri))
            return new DatabricksArtifactStore(api, run);

        // With a profile in it (dbfs://profile@databricks/path) it is the workspace of the tracking URI all the same.
        string path = "/" + ArtifactPath.Normalize(Uri.UnescapeDataString(Regex.Replace(run.ArtifactUri, "^dbfs:(//[^/]*@databricks)?", "")).TrimStart('/'));
        if (path.StartsWith(Volumes, StringComparison.Ordinal))
            return new VolumeArtifactStore(api, path);
        return mountPoint is null ? new DbfsArtifactStore(api, path) : new LocalArtifactStore(mountPoint + path);
    }
}
