using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// The bucket behind an MLflow server that proxies artifacts. The server presigns a URL for each part (<c>mlflow-artifacts/mpu</c>),
/// and the parts are sent directly to the bucket.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="root">The address of the root.</param>
/// <param name="runId">The run, if the server is its tracking server.</param>
/// <param name="isReachable">Whether a bucket can be reached from here.</param>
/// <param name="ignoresTls">Called with a URL before the first request that does not check its host's certificate.</param>
internal sealed class ProxiedMultipart(
    RestApi api,
    Uri root,
    string? runId,
    Func<PresignedUrl, CancellationToken, Task<bool>> isReachable,
    Action<PresignedUrl> ignoresTls) : IMultipartTarget
{
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);
    private readonly string _address = root.AbsoluteUri.TrimEnd('/');
    private readonly PresignedUrlClient _bucket = new(api.Options, api.Retrier, ignoresTls);

    /// <summary>The bucket's last error; null if there was none.</summary>
    public MlflowException? BucketFailure { get; private set; }

    public async Task<StartedUpload?> TryCreateAsync(
        string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken)
    {
        JsonElement response;
        try
        {
            response = await PostAsync("create", path, json => json.WriteNumber("num_parts", parts.Count), cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is 404 or 405 or 501)
        {
            return null;
        }

        string? id = null;
        try
        {
            id = response.Text("upload_id") is { Length: > 0 } given ? given : null;
            PresignedUrl[] targets =
            [
                .. response.Items("credentials").OrderBy(part => part.Whole("part_number"))
                    .Select(part => PresignedUrl.Read(part, "url", api.Server)),
            ];
            if (targets.Length != parts.Count)
                throw new FormatException($"the response has {targets.Length} parts instead of {parts.Count}");
            if (await isReachable(targets[0], cancellationToken).ConfigureAwait(false))
            {
                api.Direct.Parts[KeyOf(path, id)] = targets;
                return new StartedUpload(id);
            }

            await AbortAsync().ConfigureAwait(false);
            return null;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.UriUnsupported)
        {
            BucketFailure = e;
            await AbortAsync().ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new MlflowException(
                ErrorKind.NotAnMlflowServer,
                $"{_address} did not return a URL for each part of '{path}', as an MLflow server does. "
                + "Set MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD to false to send the file as a whole.",
                e)
            { Target = path };
        }

        Task AbortAsync() => TryAbortAsync(path, new CreatedUpload("", 0, 0, 0, id), cancellationToken);
    }

    // The server does not sign more URLs for an upload that has started.
    public bool CanResume(string path, CreatedUpload created) => api.Direct.Parts.ContainsKey(KeyOf(path, created.UploadId));

    public async Task<UploadedPart> UploadPartAsync(
        string path, CreatedUpload created, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        IReadOnlyList<PresignedUrl> targets = TargetsOf(path, created);
        try
        {
            return await _bucket.SendAsync(
                HttpMethod.Put, targets[part.Number - 1], new FileInfo(created.Path), part, moved, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e)
        {
            // The error of another host does not mean that the tracking server failed.
            BucketFailure = e;
            throw e.Rewrap(
                $"Part {part.Number} of {targets.Count} could not be sent to the URL that the server signed. {e.Message} "
                + "Set MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD to false to send everything through the server.",
                ErrorKind.ArtifactSendFailed,
                path);
        }
    }

    public async Task CompleteAsync(
        string path,
        CreatedUpload created,
        IReadOnlyList<UploadedPart> parts,
        ArtifactContent content,
        bool isRepeated,
        CancellationToken cancellationToken)
    {
        if (!isRepeated)
            await api.Retrier.ChangeAsync(PostOnceAsync, IsStoredAsync, cancellationToken).ConfigureAwait(false);

        // A server responds with 500 to every further completion of an upload, so a retry is useless.
        else if (!await IsStoredAsync().ConfigureAwait(false))
            await PostOnceAsync().ConfigureAwait(false);
        Forget(path, created);

        Task<JsonElement> PostOnceAsync() =>
            this.PostOnceAsync("complete", path, json => WriteParts(json, created, TargetsOf(path, created), parts), cancellationToken);

        Task<bool> IsStoredAsync() => _transfer.IsStoredAsync(
            api.Server, () => ProxiedArtifactStore.GetRequest(api.Server, root, runId, path), content, cancellationToken);
    }

    public async Task TryAbortAsync(string path, CreatedUpload created, CancellationToken cancellationToken)
    {
        Forget(path, created);
        try
        {
            await PostOnceAsync("abort", path, json => WriteUploadId(json, created), cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException)
        {
            // Azure's blocks cannot be aborted, and an upload that has expired is gone.
        }
    }

    public void Dispose() => _bucket.Dispose();

    private static void WriteParts(
        Utf8JsonWriter json, CreatedUpload created, IReadOnlyList<PresignedUrl> targets, IReadOnlyList<UploadedPart> parts)
    {
        WriteUploadId(json, created);
        json.WriteStartArray("parts");
        foreach (UploadedPart part in parts)
        {
            json.WriteStartObject();
            json.WriteNumber("part_number", part.Number);
            json.WriteString("etag", part.ETag);
            json.WriteString("url", targets[part.Number - 1].Url);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private string KeyOf(string path, string? uploadId) => $"{_address}/{path}\n{uploadId}";

    private IReadOnlyList<PresignedUrl> TargetsOf(string path, CreatedUpload created) =>
        api.Direct.Parts[KeyOf(path, created.UploadId)];

    private void Forget(string path, CreatedUpload created) => api.Direct.Parts.TryRemove(KeyOf(path, created.UploadId), out _);

    private static void WriteUploadId(Utf8JsonWriter json, CreatedUpload created)
    {
        if (created.UploadId is not null)
            json.WriteString("upload_id", created.UploadId);
    }

    private Task<JsonElement> PostAsync(string action, string path, Action<Utf8JsonWriter> writeFields, CancellationToken cancellationToken) =>
        api.Retrier.RunAsync(_ => PostOnceAsync(action, path, writeFields, cancellationToken), cancellationToken);

    private Task<JsonElement> PostOnceAsync(string action, string path, Action<Utf8JsonWriter> writeFields, CancellationToken cancellationToken)
    {
        string folder = _address.Replace(ProxiedArtifactStore.Endpoint, $"api/2.0/mlflow-artifacts/mpu/{action}");
        return api.PostAddressOnceAsync(
            $"{folder}/{ArtifactPath.Escape(RemoteArtifacts.ParentOf(path))}".TrimEnd('/'),
            json =>
            {
                json.WriteString("path", path.Substring(path.LastIndexOf('/') + 1));
                writeFields(json);
            },
            ErrorKind.ArtifactNotFound,
            cancellationToken);
    }
}
