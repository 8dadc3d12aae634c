using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Sends a large file in parts, straight to the bucket behind an MLflow server, which says where each part goes (MLflow's
/// <c>mlflow-artifacts/mpu</c>). A part that fails is sent again alone, and an upload that was interrupted goes on.
/// </summary>
internal sealed class ProxiedMultipartUpload(RestApi api, Uri root, string? runId) : IDisposable
{
    private const int Parallelism = 8;

    private readonly MultipartOptions _options = api.Options.Multipart;
    private readonly MultipartEndpoints _server = new(api, root);
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier);
    private readonly HttpClient _buckets = HttpTransport.CreateClient(HttpTransport.CreateHandler(api.Options.ForOtherHosts()), api.Options.ForOtherHosts());
    private volatile bool _isUnsupported;

    /// <summary>Sends the file; null where it is too small, or the server has no bucket that takes parts.</summary>
    public async Task<ArtifactContent?> TrySendAsync(FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken)
    {
        if (_isUnsupported || FileState.Of(file) is not { } state || state.Length < _options.MinimumFileBytes)
            return null;
        using var upload = UnfinishedUpload.Open(_options.RecordsFolder, runId, path);
        if (upload.Begun is { } begun)
        {
            try
            {
                if (begun.Path == file.FullName && begun.Length == state.Length && begun.Written == state.Written)
                    return await FinishAsync(file, path, upload, sent, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e) when (!ArtifactTransfer.EndsAll(e) && (!e.IsTransient || upload.Parts.Count == begun.Targets.Count))
            {
                // Its addresses have expired, the bucket has forgotten it, or the file is another one after all.
            }

            await ForgetAsync(path, upload, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<FilePart> parts = FilePart.Split(state.Length, _options.PartBytes);
        if (await _server.TryCreateAsync(path, parts.Count, cancellationToken).ConfigureAwait(false) is not var (id, targets))
        {
            _isUnsupported = true;
            return null;
        }

        upload.Begin(new BegunUpload(file.FullName, state.Length, state.Written, parts[0].Length, id, targets));
        try
        {
            return await FinishAsync(file, path, upload, sent, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or (MlflowException and { IsTransient: false }))
        {
            // What cannot get better is not left in the bucket, where it costs.
            await ForgetAsync(path, upload, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    public void Dispose() => _buckets.Dispose();

    private async Task<ArtifactContent> FinishAsync(FileInfo file, string path, UnfinishedUpload upload, Action<long> sent, CancellationToken cancellationToken)
    {
        BegunUpload begun = upload.Begun!;
        IReadOnlyList<FilePart> parts = FilePart.Split(begun.Length, begun.PartBytes);
        bool wereAllThere = upload.Parts.Count == parts.Count;
        long counted = 0;
        try
        {
            Count(parts.Where(part => upload.Parts.ContainsKey(part.Number)).Sum(part => part.Length));
            await Workers.RunAsync([.. parts.Where(part => !upload.Parts.ContainsKey(part.Number))], Parallelism, SendPartAsync, cancellationToken).ConfigureAwait(false);
            (ArtifactContent content, IReadOnlyList<string> hashes) = await PartHashes.OfFileAsync(file, parts, cancellationToken).ConfigureAwait(false);
            if (parts.FirstOrDefault(part => upload.Parts[part.Number].Sha256 != hashes[part.Number - 1]) is { } changed)
                throw new MlflowException(ErrorKind.ArtifactSendFailed, $"It changed while it was sent (part {changed.Number} of {parts.Count}). Send it again when nothing writes to it any more.") { Target = path };
            await _server.CompleteAsync(path, begun, [.. upload.Parts.Values.OrderBy(part => part.Number)], isRepeated: wereAllThere, cancellationToken).ConfigureAwait(false);
            upload.Forget();
            return content;
        }
        catch
        {
            sent(-counted);
            throw;
        }

        void Count(long bytes)
        {
            Interlocked.Add(ref counted, bytes);
            sent(bytes);
        }

        async Task SendPartAsync(FilePart part, CancellationToken token)
        {
            PartTarget target = begun.Targets[part.Number - 1];
            Uri bucket = new(new Uri(target.Url).GetLeftPart(UriPartial.Authority));
            try
            {
                upload.Add(await _transfer.RunAsync(bucket, Count, (moved, time) => PutAsync(file, part, target, bucket, moved, time, token), token).ConfigureAwait(false));
            }
            catch (MlflowException e)
            {
                // That another host fails says nothing of the tracking server.
                throw new MlflowException(ErrorKind.ArtifactSendFailed, $"Part {part.Number} of {parts.Count} did not get to where the server sends it. {e.Message} Unset MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD to send through the server alone.", e) { Target = path, IsTransient = e.IsTransient, StatusCode = e.StatusCode };
            }
        }
    }

    private async Task<SentPart> PutAsync(FileInfo file, FilePart part, PartTarget target, Uri bucket, Action<long> moved, CancellationToken time, CancellationToken stop)
    {
        var content = new FileContent(file, moved, time, part);

        // A bucket signs what it is to get, and a content type is not in it.
        content.Headers.ContentType = null;
        using var request = new HttpRequestMessage(HttpMethod.Put, target.Url) { Content = content };
        foreach (KeyValuePair<string, string> header in target.Headers)
            request.Headers.TryAddWithoutValidation(header.Key, header.Value);
        using HttpResponseMessage response = await FileTransfer.ExecuteAsync(_buckets, request, bucket, time, stop).ConfigureAwait(false);
        ArtifactContent all = content.Sent ?? throw new MlflowException(ErrorKind.ServerError, $"{bucket.Authority} answered before it had all of it.") { IsTransient = true };
        return new SentPart(part.Number, response.Headers.ETag?.ToString() ?? "", all.Sha256);
    }

    private Task ForgetAsync(string path, UnfinishedUpload upload, CancellationToken cancellationToken)
    {
        BegunUpload begun = upload.Begun!;
        upload.Forget();
        return _server.TryAbortAsync(path, begun, cancellationToken);
    }
}
