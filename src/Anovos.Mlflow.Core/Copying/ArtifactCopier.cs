using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>
/// Copies the artifacts of runs from one store to another, except files that the target already has with the same length. Files that cannot
/// be copied are listed; the others are still copied.
/// </summary>
internal sealed class ArtifactCopier(ITrackingStore source, ITrackingStore target, CopyOptions options, Action<long> moved)
{
    private readonly SourceArtifacts _artifacts = new(source, options);

    // The errors of unusable buckets, so that later runs do not wait for them again.
    private readonly ConcurrentDictionary<string, MlflowException> _lost = new(StringComparer.Ordinal);

    /// <summary>Copies the artifacts of a run. Returns the number of files and bytes that were uploaded.</summary>
    /// <param name="run">The run in the source.</param>
    /// <param name="there">The run in the target.</param>
    /// <param name="missing">Receives the files that were not copied.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    /// <exception cref="MlflowException">The source or the target cannot be reached at all.</exception>
    public async Task<(int Files, long Bytes)> CopyAsync(Run run, TargetRun there, MissingList missing, CancellationToken cancellationToken)
    {
        if (run.ArtifactUri == there.ArtifactUri)
            return (0, 0);
        int files = 0;
        long bytes = 0;
        string place = run.ArtifactUri;
        try
        {
            ThrowIfLost(run.ArtifactUri);
            using IArtifactStore from = _artifacts.Open(run);
            IReadOnlyList<ArtifactUpload> uploads = await ListAsync(from, run, missing, cancellationToken).ConfigureAwait(false);
            if (uploads.Count == 0)
                return (0, 0);
            if (options.CountOnly && there.ArtifactUri.Length == 0)
                return (uploads.Count, uploads.Sum(upload => upload.Length));

            place = there.ArtifactUri;
            ThrowIfLost(place);
            var copy = new Run { RunId = there.RunId, ExperimentId = "", ArtifactUri = place, TrackingUri = target.TrackingUri };
            using IArtifactStore to = ArtifactStores.Open(copy, target, options.OnRetry, options.Warn);
            if (IsSamePlace(from, to))
                return (0, 0);
            if (!there.Created)
                uploads = await ChangedAsync(to, uploads, cancellationToken).ConfigureAwait(false);
            if (options.CountOnly)
                return (uploads.Count, uploads.Sum(upload => upload.Length));
            var policy = new SendPolicy(Journal: null, Resend: true, options.Verify);
            await new ArtifactTransfer(to, ArtifactTransfer.DefaultParallelism, policy).SendAsync(
                uploads, Completed, _ => { }, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (!e.EndsOperation() || Buckets(place))
        {
            if (e.EndsTransfer() && Buckets(place))
                _lost.TryAdd(RootOf(place), e);
            missing.Add("Artifact", $"{place.TrimEnd('/')}/*", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            missing.Add("Artifact", $"{place.TrimEnd('/')}/*", e);
        }

        return (files, bytes);

        void Completed(ArtifactUploaded uploaded)
        {
            if (uploaded.Error is { } error)
            {
                missing.Add("Artifact", uploaded.Upload.ArtifactPath, error);
                return;
            }

            Interlocked.Increment(ref files);
            Interlocked.Add(ref bytes, uploaded.Upload.Length);
            moved(uploaded.Upload.Length);
        }
    }

    /// <summary>Copies the files of a logged model.</summary>
    /// <inheritdoc cref="ModelFileCopier"/>
    public async Task<(int Files, long Bytes)> CopyModelAsync(
        LoggedModel from, LoggedModel? to, LeftOut leftOut, CancellationToken cancellationToken)
    {
        // A folder or a database keeps models beside its runs. At a server the location does not belong to a run, so no run is requested.
        string id = source is ILocalStore ? $"models/{from.ModelId}" : "";
        var run = new Run
        {
            RunId = id,
            ExperimentId = from.ExperimentId,
            ArtifactUri = from.ArtifactUri,
            TrackingUri = source.TrackingUri,
        };
        var there = new TargetRun("", "", to?.ArtifactUri ?? "", LifecycleStage.Active, null);
        var missing = new MissingList();
        (int, long) sent = await CopyAsync(run, there, missing, cancellationToken).ConfigureAwait(false);
        foreach (MissingItem item in missing.Items)
            leftOut(item.Kind, $"{from.ModelUri}/{item.Name}", item.Reason);
        return sent;
    }

    // A folder and a database in the same place keep their artifacts in the same folder.
    private static bool IsSamePlace(IArtifactStore from, IArtifactStore to) =>
        from is LocalArtifactStore source && to is LocalArtifactStore target
        && Path.GetFullPath(source.Root).TrimEnd('/', '\\') == Path.GetFullPath(target.Root).TrimEnd('/', '\\');

    private static async Task<IReadOnlyList<ArtifactUpload>> ListAsync(
        IArtifactStore from, Run run, MissingList missing, CancellationToken cancellationToken)
    {
        if (from is LocalArtifactStore local)
        {
            // A run or a model without artifacts may have no folder.
            if (!Directory.Exists(local.Root))
                return [];
            FolderListing listing = FolderListing.Of(local.Root, cancellationToken);
            foreach (string problem in listing.Problems)
                missing.Add("Artifact", problem.Split(' ')[0], problem);
            return [.. listing.Files.Select(file => new ArtifactUpload(file, file.RelativePath))];
        }

        List<ArtifactUpload> uploads = [];
        foreach (ListedArtifact file in await ArtifactTree.FilesAsync(
            from, "", ArtifactTransfer.DefaultParallelism, cancellationToken).ConfigureAwait(false))
        {
            if (file.Refused is { } why)
                missing.Add("Artifact", file.ArtifactPath, $"Its name {why}.");
            else
                uploads.Add(new ArtifactUpload(SourceOf(from, run, file), file.ArtifactPath));
        }

        return uploads;
    }

    private static ArtifactSource SourceOf(IArtifactStore from, Run run, ListedArtifact file) =>
        (from as IObjectStore)?.TryGetSource(file.ArtifactPath, file.Length)
        ?? new StoredSource(from, run.ArtifactUri, new Artifact(file.ArtifactPath, IsDirectory: false, file.Length));

    private async Task<IReadOnlyList<ArtifactUpload>> ChangedAsync(
        IArtifactStore to, IReadOnlyList<ArtifactUpload> uploads, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, long> lengths = await RemoteArtifacts.LengthsAsync(
            to, uploads.Select(upload => upload.ArtifactPath), ArtifactTransfer.DefaultParallelism, cancellationToken).ConfigureAwait(
                false);
        List<ArtifactUpload> changed = [];
        foreach (ArtifactUpload upload in uploads)
        {
            bool isThere = lengths.TryGetValue(upload.ArtifactPath, out long length) && length == upload.Length;
            if (!isThere || (options.Verify && !await IsSameAsync(to, upload, cancellationToken).ConfigureAwait(false)))
                changed.Add(upload);
        }

        return changed;
    }

    private static async Task<bool> IsSameAsync(IArtifactStore to, ArtifactUpload upload, CancellationToken cancellationToken)
    {
        try
        {
            using var meter = new HashingStream(Stream.Null, upload.Length);
            await to.ReceiveAsync(upload.ArtifactPath, meter, _ => { }, cancellationToken).ConfigureAwait(false);
            return meter.Finish() == await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e.ConcernsOneFile())
        {
            // Uploading it again shows whether it can be read.
            return false;
        }
    }

    private void ThrowIfLost(string uri)
    {
        if (_lost.TryGetValue(RootOf(uri), out MlflowException? error))
            throw error;
    }

    // The failure of a bucket says nothing about the server.
    private static bool Buckets(string uri) => Cloud.Buckets.Speaks(uri);

    private static string RootOf(string uri) =>
        Uri.TryCreate(uri, UriKind.Absolute, out Uri? root) ? root.GetLeftPart(UriPartial.Authority) : uri;
}
