using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Finds the artifacts of a run. If a folder or a database was moved, its recorded locations belong to another machine or folder. Its
/// artifacts are then expected beside it.
/// </summary>
internal sealed class SourceArtifacts
{
    // The artifact folder of a server that was started without --artifacts-destination. It is beside its store.
    private const string ServedFolder = "mlartifacts";

    private readonly ITrackingStore _source;
    private readonly CopyOptions _options;

    // The folder with the artifacts of a folder or a database.
    private readonly string? _folder;

    public SourceArtifacts(ITrackingStore source, CopyOptions options)
    {
        (_source, _options) = (source, options);
        if (TrackingTarget.IsLocalUri(source.TrackingUri))
            _folder = TrackingTarget.Parse(source.TrackingUri, Path.GetTempPath()).ArtifactFolder;
    }

    /// <summary>Opens the artifacts of a run.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.UriUnsupported"/> if they are neither at the recorded location nor beside the store.
    /// </exception>
    public IArtifactStore Open(Run run) => FolderOf(run) is { } folder
        ? new LocalArtifactStore(folder)
        : ArtifactStores.Open(run, _source, _options.OnRetry, _options.Warn);

    // Null if the artifacts are not in a folder of this machine.
    private string? FolderOf(Run run)
    {
        string scheme = LocalUri.SchemeOf(run.ArtifactUri) ?? "file";
        if (_folder is null || scheme is not ("file" or "mlflow-artifacts"))
            return null;
        if (scheme == "mlflow-artifacts")
            return ServedFolderOf(run);

        string end = $"{run.ExperimentId}/{run.RunId}/artifacts";
        string beside = Path.Combine(_folder, run.ExperimentId, run.RunId, "artifacts");
        string? recorded = LocalRoot.WhyUnusable(run.ArtifactUri) is null ? LocalUri.ToPath(run.ArtifactUri) : null;
        bool isOwn = run.ArtifactUri.Replace('\\', '/').TrimEnd('/').EndsWith("/" + end, StringComparison.Ordinal);
        if (Directory.Exists(recorded) && (!isOwn || !HasEntries(beside)))
            return recorded;
        if (Directory.Exists(beside) && (isOwn || HasEntries(beside)))
            return beside;

        // A run without artifacts may have no folder, but its experiment has one.
        if (recorded is not null && (IsBelow(recorded, _folder) || ExperimentExists(recorded)))
            return recorded;
        if (isOwn && Directory.Exists(Path.Combine(_folder, run.ExperimentId)))
            return beside;
        throw new MlflowException(
            ErrorKind.UriUnsupported,
            $"The artifacts are recorded at '{run.ArtifactUri}', which is not on this machine, and {beside} does not have them. Move them "
            + "to one of these places and copy again.")
        { Target = run.RunId };
    }

    private string? ServedFolderOf(Run run)
    {
        string path = Uri.UnescapeDataString(new Uri(run.ArtifactUri).AbsolutePath).Trim('/');
        string root = Path.Combine(Path.GetDirectoryName(_folder)!, ServedFolder);
        return Directory.Exists(root)
            ? Path.Combine(root, path.Replace('/', Path.DirectorySeparatorChar))
            : throw new MlflowException(
                ErrorKind.UriUnsupported,
                $"The artifacts are at {run.ArtifactUri}, which only a server can resolve, and its artifact folder {root} does not exist. "
                + "Put the folder there, or copy from the http address of the server.")
            { Target = run.RunId };
    }

    // <location>/<run>/artifacts
    private static bool ExperimentExists(string recorded) =>
        Path.GetDirectoryName(Path.GetDirectoryName(recorded.TrimEnd('/', '\\'))) is { Length: > 0 } location && Directory.Exists(location);

    private static bool HasEntries(string folder) => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any();

    private static bool IsBelow(string path, string folder) =>
        Path.GetFullPath(
            path).StartsWith(folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
}
