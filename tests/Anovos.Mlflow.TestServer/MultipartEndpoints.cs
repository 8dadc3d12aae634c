using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Multipart uploads: <c>mlflow-artifacts/mpu/…</c> of the server, and its bucket. The bucket accepts a part, and returns an artifact, for
/// any request with a valid signature in its URL. It rejects a request that has other credentials as well.
/// </summary>
internal sealed class MultipartEndpoints(ArtifactStore store, MlflowVersion version, Uri? address)
{
    private const string Service = "/api/2.0/mlflow-artifacts/mpu/";
    private const string Bucket = "/bucket/";
    private const string Objects = Bucket + "objects/";

    private readonly ConcurrentDictionary<string, Upload> _uploads = new();
    private readonly string _downloadSignature = Guid.NewGuid().ToString("N");

    public int Unfinished => _uploads.Count;

    public static bool IsBucket(string path) => path.StartsWith(Bucket, StringComparison.Ordinal);

    public void ExpireAddresses()
    {
        foreach (var upload in _uploads.Values)
            upload.Signature = "expired";
    }

    public async Task HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        string[] route = path[Service.Length..].Split('/', 2);
        using var json = JsonDocument.Parse(recorded.Body);
        var body = json.RootElement;
        string name = Path.GetFileName(body.GetProperty("path").GetString()!);
        string artifact = route.Length == 2 && route[1].Length > 0
            ? $"{ArtifactPath.Clean(Uri.UnescapeDataString(route[1]), version)}/{name}" : name;
        switch (route[0])
        {
            case "create":
                await Answers.JsonAsync(context, Create(context.Request, artifact, body.GetProperty("num_parts").GetInt32()));
                return;
            case "complete":
                await CompleteAsync(artifact, body, context.RequestAborted);
                break;
            case "abort":
                Find(artifact, body);
                _uploads.TryRemove(body.GetProperty("upload_id").GetString()!, out _);
                break;
        }

        await Answers.JsonAsync(context, "{}");
    }

    /// <summary>Returns the URL of an artifact in the bucket.</summary>
    public string UrlOf(HttpRequest request, string artifact) =>
        $"{HostOf(request)}{Objects}{Uri.EscapeDataString(artifact)}?signature={_downloadSignature}";

    /// <summary>Receives a part or sends an artifact, as S3 does.</summary>
    public async Task HandleBucketAsync(HttpContext context, string path)
    {
        bool isDownload = HttpMethods.IsGet(context.Request.Method) && path.StartsWith(Objects, StringComparison.Ordinal);
        string[] route = path[Bucket.Length..].Split('/');
        string? signature = isDownload ? _downloadSignature : _uploads.GetValueOrDefault(route[0])?.Signature;
        if (context.Request.Headers.ContainsKey("Authorization") || context.Request.Query["signature"] != signature)
        {
            await Answers.WriteAsync(context, 403, "application/xml", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
            return;
        }

        if (isDownload)
        {
            string artifact = Uri.UnescapeDataString(path[Objects.Length..]);
            await ArtifactDownload.FileAsync(context, store.Find(artifact)!, Path.GetFileName(artifact), takesRanges: true);
            return;
        }

        using var content = new MemoryStream();
        await context.Request.Body.CopyToAsync(content, context.RequestAborted);
        string etag = $"\"{Convert.ToHexStringLower(MD5.HashData(content.ToArray()))}\"";
        _uploads[route[0]].Parts[int.Parse(route[1], System.Globalization.CultureInfo.InvariantCulture)] = (etag, content.ToArray());
        context.Response.Headers.ETag = etag;
    }

    private string HostOf(HttpRequest request) =>
        address?.GetLeftPart(UriPartial.Authority) ?? $"{request.Scheme}://{request.Host}";

    private string Create(HttpRequest request, string artifact, int parts)
    {
        string id = Guid.NewGuid().ToString("N");
        var upload = _uploads[id] = new Upload(artifact);
        string UrlOfPart(int part) => $"{HostOf(request)}{Bucket}{id}/{part}?signature={upload.Signature}";
        return JsonSerializer.Serialize(new
        {
            upload_id = id,
            credentials = Enumerable.Range(1, parts).Select(part => new { url = UrlOfPart(part), part_number = part }),
        });
    }

    private async Task CompleteAsync(string artifact, JsonElement body, CancellationToken cancellationToken)
    {
        var upload = Find(artifact, body);
        var named = body.GetProperty("parts").EnumerateArray().Select(part => (part.GetProperty("part_number").GetInt32(), part.GetProperty("etag").GetString())).ToArray();
        if (!named.SequenceEqual(upload.Parts.OrderBy(part => part.Key).Select(part => (part.Key, (string?)part.Value.ETag))))
            throw new ApiException("INTERNAL_ERROR", "An error occurred (InvalidPart) when calling the CompleteMultipartUpload operation");
        using var whole = new MemoryStream([.. upload.Parts.OrderBy(part => part.Key).SelectMany(part => part.Value.Content)]);
        await store.SaveAsync(artifact, whole, _ => { }, cancellationToken);
        _uploads.TryRemove(body.GetProperty("upload_id").GetString()!, out _);
    }

    private Upload Find(string artifact, JsonElement body) => _uploads.GetValueOrDefault(body.GetProperty("upload_id").GetString()!) is { } upload && upload.Artifact == artifact
        ? upload
        : throw new ApiException("INTERNAL_ERROR", "An error occurred (NoSuchUpload) when calling the CompleteMultipartUpload operation");

    private sealed class Upload(string artifact)
    {
        public string Artifact { get; } = artifact;

        public string Signature { get; set; } = Guid.NewGuid().ToString("N");

        public ConcurrentDictionary<int, (string ETag, byte[] Content)> Parts { get; } = new();
    }
}
