using System.Collections.Concurrent;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// An upload in parts to S3 behind a workspace (<c>AWS_PRESIGNED_URL</c>), which signs an address for each part
/// (<c>mlflow/artifacts/create-multipart-upload</c> and its siblings).
/// </summary>
internal sealed class PresignedParts(RestApi api, PresignedUrlClient storage, string runId) : IMultipartTarget
{
    private readonly ConcurrentDictionary<string, PresignedUrl> _aborts = new(StringComparer.Ordinal);

    public async Task<(string? UploadId, IReadOnlyList<PresignedUrl> Targets)?> TryBeginAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken)
    {
        JsonElement answer = await PostAsync("create-multipart-upload", path, json => json.WriteNumber("num_parts", parts.Count), cancellationToken).ConfigureAwait(false);
        try
        {
            string id = answer.Id("upload_id");
            PresignedUrl[] targets = [.. answer.Items("upload_credential_infos").Select(info => ArtifactCredential.Read(info).Address)];
            if (answer.OptionalPart("abort_credential_info") is { } abort)
                _aborts[id] = ArtifactCredential.Read(abort).Address;
            return targets.Length == parts.Count ? (id, targets) : throw new FormatException($"{targets.Length} parts came for {parts.Count}");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new MlflowException(ErrorKind.ServerError, $"The workspace at {api.Server.Host} does not say where the parts of '{path}' go.", e) { Target = path };
        }
    }

    public async Task<SentPart> SendAsync(string path, BegunUpload begun, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        try
        {
            return await PutAsync(begun.Targets[part.Number - 1]).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is 401 or 403)
        {
            JsonElement answer = await PostAsync(
                "get-presigned-upload-part-url",
                path,
                json =>
                {
                    json.WriteString("upload_id", begun.UploadId);
                    json.WriteNumber("part_number", part.Number);
                },
                cancellationToken).ConfigureAwait(false);
            return await PutAsync(JsonAnswer.Read(answer, api.Server.Host, json => ArtifactCredential.Read(json.Part("upload_credential_info")).Address)).ConfigureAwait(false);
        }

        Task<SentPart> PutAsync(PresignedUrl address) => storage.SendAsync(HttpMethod.Put, address, new FileInfo(begun.Path), part, moved, cancellationToken);
    }

    public Task CompleteAsync(string path, BegunUpload begun, IReadOnlyList<SentPart> parts, bool isRepeated, CancellationToken cancellationToken) =>
        PostAsync(
            "complete-multipart-upload",
            path,
            json =>
            {
                json.WriteString("upload_id", begun.UploadId);
                json.WriteStartArray("part_etags");
                foreach (SentPart part in parts)
                {
                    json.WriteStartObject();
                    json.WriteNumber("part_number", part.Number);
                    json.WriteString("etag", part.ETag);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            },
            cancellationToken);

    public async Task TryAbortAsync(string path, BegunUpload begun, CancellationToken cancellationToken)
    {
        try
        {
            if (begun.UploadId is not null && _aborts.TryRemove(begun.UploadId, out PresignedUrl? address))
                await storage.CallAsync(HttpMethod.Delete, address, body: null, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException)
        {
            // The bucket's own rules for what is unfinished take care of it.
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
