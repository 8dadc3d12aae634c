using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>Chooses how to access the artifacts of a run at a <c>dbfs:</c> address.</summary>
internal static class DbfsRoots
{
    private const string Volumes = "/Volumes/";

    /// <summary>The mount point of the Databricks file system on a cluster node; null on other machines.</summary>
    public static string? MountPoint => Environment.GetEnvironmentVariable("DATABRICKS_RUNTIME_VERSION") is { Length: > 0 } && Directory.Exists("/dbfs") ? "/dbfs" : null;

    /// <summary>Creates the error for removing artifacts of a workspace. MLflow's clients cannot do it either (DatabricksArtifactRepository).</summary>
    public static MlflowException RemovesNone(string artifactPath) =>
        new(ErrorKind.ArtifactRemovalFailed, $"The artifact '{artifactPath}' is in a Databricks workspace, where artifacts cannot be removed one by one. Remove the run with Remove-MlflowRun; the workspace removes its artifacts when it empties its trash.") { Target = artifactPath };

    /// <summary>Opens the artifacts of <paramref name="run"/>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> or <see cref="ErrorKind.ArtifactPathInvalid"/> for an invalid address.</exception>
    public static IArtifactStore Open(RestApi api, Run run, string? mountPoint)
    {
        if (DatabricksArtifactStore.IsRoot(run.ArtifactUri))
            return new DatabricksArtifactStore(api, run);

        // Even with a profile (dbfs://profile@databricks/path), the workspace is that of the tracking URI.
        string path = "/" + ArtifactPath.Normalize(Uri.UnescapeDataString(Regex.Replace(run.ArtifactUri, "^dbfs:(//[^/]*@databricks)?", "")).TrimStart('/'));
        if (path.StartsWith(Volumes, StringComparison.Ordinal))
            return new VolumeArtifactStore(api, path);
        return mountPoint is null ? new DbfsArtifactStore(api, path) : new LocalArtifactStore(mountPoint + path);
    }
}
