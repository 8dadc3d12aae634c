using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>The endpoints of MLflow's artifact service for an upload in parts, <c>mlflow-artifacts/mpu</c>.</summary>
internal sealed class MultipartEndpoints(RestApi api, Uri root)
{
    private readonly string _address = root.AbsoluteUri.TrimEnd('/');

    /// <summary>Begins an upload and says where its parts go; null where the server has no bucket that takes parts.</summary>
    public async Task<(string? UploadId, IReadOnlyList<PartTarget> Targets)?> TryCreateAsync(string path, int parts, CancellationToken cancellationToken)
    {
        JsonElement answer;
        try
        {
            answer = await PostAsync("create", path, json => json.WriteNumber("num_parts", parts), cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is 404 or 405 or 501)
        {
            return null;
        }

        try
        {
            string? id = answer.TryGetProperty("upload_id", out JsonElement value) ? value.GetString() : null;
            PartTarget[] targets = [.. answer.GetProperty("credentials").EnumerateArray().OrderBy(NumberOf).Select(ReadTarget)];
            return targets.Length == parts ? (id, targets) : throw new FormatException($"{targets.Length} parts came for {parts}");
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new MlflowException(ErrorKind.NotAnMlflowServer, $"{_address} does not say where the parts of '{path}' go, as an MLflow server does. Unset MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD to send it whole.", e) { Target = path };
        }
    }

    /// <summary>Makes the artifact of its parts, all of which have arrived.</summary>
    /// <param name="path">The artifact's path in the run.</param>
    /// <param name="begun">The upload.</param>
    /// <param name="parts">The parts, in their order.</param>
    /// <param name="isRepeated">Whether it may have been done before: a server answers 500 then, however often it is asked.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public Task CompleteAsync(string path, BegunUpload begun, IReadOnlyList<SentPart> parts, bool isRepeated, CancellationToken cancellationToken) => isRepeated
        ? PostOnceAsync("complete", path, json => WriteParts(json, begun, parts), cancellationToken)
        : PostAsync("complete", path, json => WriteParts(json, begun, parts), cancellationToken);

    /// <summary>Gives an upload up. What cannot be given up is left to the bucket's rules for what is unfinished.</summary>
    public async Task TryAbortAsync(string path, BegunUpload begun, CancellationToken cancellationToken)
    {
        try
        {
            await PostOnceAsync("abort", path, json => WriteUploadId(json, begun), cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException)
        {
            // Azure's blocks cannot be aborted, and an upload that has expired is gone.
        }
    }

    private static int NumberOf(JsonElement part) =>
        part.GetProperty("part_number") is { ValueKind: JsonValueKind.String } text ? int.Parse(text.GetString()!, CultureInfo.InvariantCulture) : part.GetProperty("part_number").GetInt32();

    private static PartTarget ReadTarget(JsonElement part)
    {
        string url = part.GetProperty("url").GetString() ?? "";
        Dictionary<string, string> headers = part.TryGetProperty("headers", out JsonElement given) ? given.EnumerateObject().ToDictionary(header => header.Name, header => header.Value.GetString() ?? "") : [];
        return Uri.TryCreate(url, UriKind.Absolute, out Uri? address) && address.Scheme is "https" or "http" ? new PartTarget(url, headers) : throw new FormatException("the address of a part is none");
    }

    private static void WriteParts(Utf8JsonWriter json, BegunUpload begun, IReadOnlyList<SentPart> parts)
    {
        WriteUploadId(json, begun);
        json.WriteStartArray("parts");
        foreach (SentPart part in parts)
        {
            json.WriteStartObject();
            json.WriteNumber("part_number", part.Number);
            json.WriteString("etag", part.ETag);
            json.WriteString("url", begun.Targets[part.Number - 1].Url);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteUploadId(Utf8JsonWriter json, BegunUpload begun)
    {
        if (begun.UploadId is not null)
            json.WriteString("upload_id", begun.UploadId);
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
