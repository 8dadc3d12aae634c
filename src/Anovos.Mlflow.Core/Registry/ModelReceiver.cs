using System.Collections.Concurrent;
using System.Globalization;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Registry;

/// <summary>Downloads a whole model: all its files, or an error.</summary>
/// <param name="location">The location of the model.</param>
/// <param name="artifacts">Its files, as <see cref="ModelLocation.OpenArtifacts"/> opens them.</param>
/// <param name="parallelism">The number of files that are downloaded in parallel.</param>
/// <param name="overwrite">Whether existing files with different content are replaced.</param>
public sealed class ModelReceiver(ModelLocation location, IArtifactStore artifacts, int parallelism, bool overwrite)
{
    /// <summary>
    /// Downloads the model into its own folder below the destination, so that two versions never mix: <c>name/1</c>, the id of a logged
    /// model, or <c>run id/path</c>. Each file must have the length in the listing.
    /// </summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ArtifactReceiveFailed"/> if a file could not be downloaded; <see cref="ErrorKind.ArtifactNotFound"/> if there
    /// are no files; <see cref="ErrorKind.ModelInvalid"/>.
    /// </exception>
    /// <exception cref="IOException">The folder cannot be created or written to.</exception>
    public async Task<MlflowModel> ReceiveAsync(string destination, Action<TransferProgress> progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(artifacts, "", parallelism, cancellationToken).ConfigureAwait(false);
        if (files.Count == 0)
            throw new MlflowException(ErrorKind.ArtifactNotFound, $"{location.ModelUri} has no files: {location.ArtifactUri} is empty or does not exist.") { Target = location.ModelUri };

        string folder = Path.GetDirectoryName(new DestinationFolder(destination).PathFor($"{FolderIn(location)}/{ModelFile.Name}"))!;
        var failed = new ConcurrentQueue<ArtifactReceived>();
        await new ArtifactReceiver(artifacts, parallelism, overwrite).ReceiveAsync(files, folder, Completed, progress, cancellationToken).ConfigureAwait(false);
        if (failed.TryPeek(out ArtifactReceived? first))
            throw new MlflowException(ErrorKind.ArtifactReceiveFailed, $"{location.ModelUri} was not downloaded: {failed.Count} of its {files.Count} files failed. '{first.Artifact.ArtifactPath}': {first.Error!.Message}", first.Error) { Target = location.ModelUri };

        MlflowModel model = ModelFile.Read(folder, cancellationToken);
        return model with
        {
            ModelUri = location.ModelUri,
            Name = location.Version?.Name ?? location.Logged?.Name ?? "",
            Version = location.Version?.Version,
            RunId = model.RunId.Length > 0 ? model.RunId : location.RunId,
            Files = files.Count,
            Length = files.Sum(file => file.Length),
        };

        void Completed(ArtifactReceived received)
        {
            if (received.Error is not null)
                failed.Enqueue(received);
        }
    }

    /// <summary>Returns the model's folder below a destination.</summary>
    public static string FolderIn(ModelLocation location) => location switch
    {
        { Version: { } version } => $"{version.Name}/{version.Version.ToString(CultureInfo.InvariantCulture)}",
        { Logged: { } logged } => logged.ModelId,
        _ => $"{location.Owner.RunId}/{location.ArtifactPath}",
    };
}
