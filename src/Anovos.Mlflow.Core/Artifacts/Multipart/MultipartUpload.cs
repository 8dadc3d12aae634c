using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Sends large files in parts. Retries each part on its own, and resumes interrupted uploads.</summary>
/// <param name="target">The target.</param>
/// <param name="options">The part size, and the folder for the state of unfinished uploads.</param>
/// <param name="runId">The run; null to keep no state.</param>
internal sealed class MultipartUpload(IMultipartTarget target, MultipartOptions options, string? runId) : IDisposable
{
    // MLflow's own default.
    internal const long MinimumBytes = 500L << 20;

    private volatile bool _isUnsupported;

    /// <summary>Sends the file. Returns null if it is too small for parts, or the store does not support them.</summary>
    public async Task<ArtifactContent?> TrySendAsync(FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken)
    {
        FileState state = FileState.Of(file);
        if (_isUnsupported || state.Length < (options.MinimumFileBytes ?? MinimumBytes))
            return null;
        using var upload = UnfinishedUpload.Open(options.RecordsFolder, runId, path);
        if (upload.Created is { } created)
        {
            try
            {
                bool isSameFile = created.Path == file.FullName && created.Length == state.Length && created.Written == state.Written;
                if (isSameFile && target.CanResume(path, created))
                    return await FinishAsync(file, path, upload, sent, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (!e.EndsTransfer() && (!e.IsTransient || upload.Parts.Count == FilePart.Split(created.Length, created.PartBytes).Count))
            {
                // The URLs expired, the bucket discarded the upload, or the file changed. Start again.
            }

            await ForgetAsync(path, upload, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<FilePart> parts = FilePart.Split(state.Length, options.PartBytes);
        if (await target.TryCreateAsync(path, parts, cancellationToken).ConfigureAwait(false) is not { } started)
        {
            _isUnsupported = true;
            return null;
        }

        upload.Create(new CreatedUpload(file.FullName, state.Length, state.Written, parts[0].Length, started.UploadId));
        try
        {
            return await FinishAsync(file, path, upload, sent, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or (MlflowException and { IsTransient: false }))
        {
            // A retry would fail as well. Do not leave paid storage behind in the bucket.
            await ForgetAsync(path, upload, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Discards an interrupted upload, because the file is sent in another way.</summary>
    public async Task AbandonAsync(string path, CancellationToken cancellationToken)
    {
        using var upload = UnfinishedUpload.Open(options.RecordsFolder, runId, path);
        if (upload.Created is not null)
            await ForgetAsync(path, upload, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => target.Dispose();

    private async Task<ArtifactContent> FinishAsync(FileInfo file, string path, UnfinishedUpload upload, Action<long> sent, CancellationToken cancellationToken)
    {
        CreatedUpload created = upload.Created!;
        IReadOnlyList<FilePart> parts = FilePart.Split(created.Length, created.PartBytes);
        FilePart[] missing = [.. parts.Where(part => !upload.Parts.ContainsKey(part.Number))];
        long counted = 0;
        try
        {
            Count(created.Length - missing.Sum(part => part.Length));
            (ArtifactContent content, IReadOnlyList<string> hashes) = await SendAndHashAsync().ConfigureAwait(false);
            if (parts.FirstOrDefault(part => upload.Parts[part.Number].Sha256 != hashes[part.Number - 1]) is { } changed)
                throw Changed($"part {changed.Number} of {parts.Count}");

            // A part may have changed after both reads.
            if (FileState.Of(file) is var now && (now.Length != created.Length || now.Written != created.Written))
                throw Changed($"{created.Length} bytes before, {now.Length} after");
            UploadedPart[] sentParts = [.. upload.Parts.Values.OrderBy(part => part.Number)];
            await target.CompleteAsync(path, created, sentParts, content, isRepeated: missing.Length == 0, cancellationToken)
                .ConfigureAwait(false);
            upload.Forget();
            return content;
        }
        catch
        {
            sent(-Interlocked.Read(ref counted));
            throw;
        }

        // Hashing takes as long as a fast store takes for the file, so do both at the same time.
        async Task<(ArtifactContent Content, IReadOnlyList<string> Parts)> SendAndHashAsync()
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task<(ArtifactContent Content, IReadOnlyList<string> Parts)> hashing = Task.Run(() => PartHashes.OfFileAsync(file, parts, stop.Token), stop.Token);
            try
            {
                await ParallelWork.RunAsync(
                    missing,
                    ParallelWork.DefaultParallelism,
                    async (part, token) => upload.Add(await target.UploadPartAsync(path, created, part, Count, token).ConfigureAwait(false)),
                    cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                stop.Cancel();
                await Task.WhenAny(hashing).ConfigureAwait(false);
                throw;
            }

            return await hashing.ConfigureAwait(false);
        }

        MlflowException Changed(string how) =>
            new(ErrorKind.ArtifactSendFailed, $"The file changed during the upload ({how}). Send it again when no other program is writing to it.") { Target = path };

        void Count(long bytes)
        {
            Interlocked.Add(ref counted, bytes);
            sent(bytes);
        }
    }

    private Task ForgetAsync(string path, UnfinishedUpload upload, CancellationToken cancellationToken)
    {
        CreatedUpload created = upload.Created!;
        upload.Forget();
        return target.TryAbortAsync(path, created, cancellationToken);
    }
}
