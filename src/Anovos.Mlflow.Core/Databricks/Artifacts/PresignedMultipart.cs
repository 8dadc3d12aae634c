using System.Collections.Concurrent;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// A multipart upload to S3 behind a workspace (<c>AWS_PRESIGNED_URL</c>), which presigns a URL for each part
/// (<c>mlflow/artifacts/create-multipart-upload</c> and related endpoints).
/// </summary>
internal sealed class PresignedMultipart(RestApi api, PresignedUrlClient storage, string runId) : IMultipartTarget
{
    private readonly ConcurrentDictionary<string, PresignedUrl> _aborts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, PresignedUrl[]> _parts = new(StringComparer.Ordinal);

    public async Task<StartedUpload?> TryCreateAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken)
    {
        JsonElement response = await PostAsync("create-multipart-upload", path, json => json.WriteNumber("num_parts", parts.Count), cancellationToken).ConfigureAwait(false);
        try
        {
            string id = response.Id("upload_id");
            PresignedUrl[] targets = [.. response.Items("upload_credential_infos").Select(info => ArtifactCredential.Read(info).Address)];
            if (response.OptionalPart("abort_credential_info") is { } abort)
                _aborts[id] = ArtifactCredential.Read(abort).Address;
            if (targets.Length != parts.Count)
                throw new FormatException($"received {targets.Length} URLs for {parts.Count} parts");
            _parts[id] = targets;
            return new StartedUpload(id);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new MlflowException(ErrorKind.ServerError, $"The workspace at {api.Server.Host} returned no usable URLs for the parts of '{path}'.", e) { Target = path };
        }
    }

    public bool CanResume(string path, CreatedUpload created) => created.UploadId is not null;

    public async Task<UploadedPart> UploadPartAsync(string path, CreatedUpload created, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        try
        {
            if (_parts.TryGetValue(created.UploadId!, out PresignedUrl[]? targets))
                return await PutAsync(targets[part.Number - 1]).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            // A new URL may be accepted.
        }

        return await PutAsync(await SignAsync().ConfigureAwait(false)).ConfigureAwait(false);

        async Task<PresignedUrl> SignAsync()
        {
            JsonElement response = await PostAsync(
                "get-presigned-upload-part-url",
                path,
                json =>
                {
                    json.WriteString("upload_id", created.UploadId);
                    json.WriteNumber("part_number", part.Number);
                },
                cancellationToken).ConfigureAwait(false);
            return JsonFields.Read(response, api.Server.Host, json => ArtifactCredential.Read(json.Part("upload_credential_info")).Address);
        }

        Task<UploadedPart> PutAsync(PresignedUrl address) => storage.SendAsync(HttpMethod.Put, address, new FileInfo(created.Path), part, moved, cancellationToken);
    }

    public Task CompleteAsync(
        string path,
        CreatedUpload created,
        IReadOnlyList<UploadedPart> parts,
        ArtifactContent content,
        bool isRepeated,
        CancellationToken cancellationToken) =>
        PostAsync(
            "complete-multipart-upload",
            path,
            json =>
            {
                json.WriteString("upload_id", created.UploadId);
                json.WriteStartArray("part_etags");
                foreach (UploadedPart part in parts)
                {
                    json.WriteStartObject();
                    json.WriteNumber("part_number", part.Number);
                    json.WriteString("etag", part.ETag);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            },
            cancellationToken);

    public async Task TryAbortAsync(string path, CreatedUpload created, CancellationToken cancellationToken)
    {
        try
        {
            if (created.UploadId is not null && _aborts.TryRemove(created.UploadId, out PresignedUrl? address))
                await storage.CallAsync(HttpMethod.Delete, address, body: null, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException)
        {
            // The bucket's lifecycle rules remove unfinished uploads.
        }
    }

    public void Dispose()
    {
    }

    private Task<JsonElement> PostAsync(string action, string path, Action<Utf8JsonWriter> writeFields, CancellationToken cancellationToken) =>
        api.PostAsync(
            $"artifacts/{action}",
            json =>
            {
                json.WriteString("run_id", runId);
                json.WriteString("path", path);
                writeFields(json);
            },
            ErrorKind.RunNotFound,
            cancellationToken);
}
