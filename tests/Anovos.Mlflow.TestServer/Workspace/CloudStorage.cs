using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The cloud storage of a workspace, under <c>/storage/</c>. Anyone with a presigned URL can use it. It accepts and rejects the same
/// requests as the real storage of that kind. It also rejects a request with the workspace's token, because the token must not be sent to a
/// third party.
/// </summary>
internal sealed class CloudStorage(ArtifactStore store, IReadOnlyDictionary<string, string> signedHeaders)
{
    private const string Prefix = "/storage/";
    private const int LargestBlock = 100 << 20;

    private readonly ConcurrentDictionary<string, Blocks> _staged = new(StringComparer.Ordinal);
    private string _signature = Guid.NewGuid().ToString("N");

    /// <summary>Makes all URLs that were signed so far invalid.</summary>
    public void ExpireAddresses() => _signature = Guid.NewGuid().ToString("N");

    /// <summary>The number of files that were started and not finished.</summary>
    public int Unfinished => _staged.Values.Count(file => !file.Content.IsEmpty);

    public static bool Holds(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Returns the presigned URL of an object.</summary>
    public string Sign(HttpRequest request, string key, string more = "") =>
        $"{request.Scheme}://{request.Host}{Prefix}{string.Join('/', key.Split('/').Select(Uri.EscapeDataString))}?sig={_signature}{more}";

    public async Task HandleAsync(HttpContext context, RecordedRequest recorded, string path, CloudKind kind)
    {
        var request = context.Request;
        string key = Uri.UnescapeDataString(path[Prefix.Length..]);
        if (request.Query["sig"] != _signature || request.Headers.ContainsKey("Authorization"))
        {
            await ErrorAsync(context, 403, "AuthenticationFailed", "Signature not valid in the specified time frame");
            return;
        }

        if (signedHeaders.FirstOrDefault(header => request.Headers[header.Key] != header.Value) is { Key: { } missing })
        {
            await ErrorAsync(context, 403, "SignatureDoesNotMatch", $"The header {missing} is signed and was not sent.");
            return;
        }

        if (HttpMethods.IsGet(request.Method))
        {
            await GetAsync(context, key);
            return;
        }

        if (request.ContentLength is null)
        {
            await ErrorAsync(context, 411, "MissingContentLengthHeader", "The Content-Length header was not specified.");
            return;
        }

        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, context.RequestAborted);
        byte[] content = HttpMethods.IsPut(request.Method) ? body.ToArray() : recorded.Body;
        string? refusal = kind switch
        {
            CloudKind.AzureBlob => await AzureBlobAsync(request, key, content),
            CloudKind.AzureDataLake => await DataLakeAsync(request, key, content),
            CloudKind.Aws => await S3Async(context, key, content),
            _ => request.Headers["x-goog-content-length-range"] == "0,1099511627776" ? await SaveAsync(key, content) : "SignatureDoesNotMatch",
        };
        if (refusal is not null)
            await ErrorAsync(context, 400, refusal, "The request is not valid.");
        else if (context.Response.StatusCode == 200)
            context.Response.StatusCode = kind is CloudKind.Aws or CloudKind.Google ? 200 : 201;
    }

    /// <summary>Joins the received parts into an object. Returns null if they are the named parts.</summary>
    public async Task<string?> CompleteAsync(string uploadId, string key, IReadOnlyList<(string Part, string ETag)> parts)
    {
        if (!_staged.TryGetValue(uploadId, out var staged))
            return "NoSuchUpload";
        if (!parts.SequenceEqual(staged.Content.OrderBy(block => int.Parse(block.Key, CultureInfo.InvariantCulture)).Select(block => (block.Key, ETagOf(block.Value)))))
            return "InvalidPart";
        _staged.TryRemove(uploadId, out _);
        return await SaveAsync(key, CloudObject.Join(parts.Select(part => staged.Content[part.Part])));
    }

    public void Begin(string uploadId) => _staged[uploadId] = new Blocks();

    private async Task<string?> AzureBlobAsync(HttpRequest request, string key, byte[] content)
    {
        if (request.Query["comp"] == "block")
        {
            string id = request.Query["blockid"].ToString();
            if (content.Length > LargestBlock)
                return "RequestBodyTooLarge";
            var staged = _staged.GetOrAdd(key, _ => new Blocks());
            if (id.Length != staged.Content.Keys.FirstOrDefault(id)!.Length)
                return "InvalidBlobOrBlock";
            staged.Content[id] = content;
            return null;
        }

        if (request.Query["comp"] == "blocklist")
        {
            using var text = new MemoryStream(content);
            string[] ids = [.. XElement.Load(text).Elements().Select(block => block.Value)];
            if (!_staged.TryRemove(key, out var staged) || ids.Any(id => !staged.Content.ContainsKey(id)))
                return "InvalidBlockList";
            return await SaveAsync(key, CloudObject.Join(ids.Select(id => staged.Content[id])));
        }

        return request.Headers["x-ms-blob-type"] == "BlockBlob" ? await SaveAsync(key, content) : "MissingRequiredHeader";
    }

    private async Task<string?> DataLakeAsync(HttpRequest request, string key, byte[] content)
    {
        if (HttpMethods.IsPut(request.Method) && request.Query["resource"] == "file" && content.Length == 0)
        {
            _staged[key] = new Blocks();
            return await SaveAsync(key, []);
        }

        if (!HttpMethods.IsPatch(request.Method) || !_staged.TryGetValue(key, out var staged))
            return "PathNotFound";
        long position = long.Parse(request.Query["position"].ToString(), CultureInfo.InvariantCulture);
        if (request.Query["action"] == "append")
            staged.Content[position.ToString(CultureInfo.InvariantCulture)] = content;
        if (request.Query["action"] != "flush" && request.Query["flush"] != "true")
            return null;

        var parts = staged.Content.OrderBy(part => long.Parse(part.Key, CultureInfo.InvariantCulture)).ToArray();
        long length = 0;
        foreach (var part in parts)
        {
            if (long.Parse(part.Key, CultureInfo.InvariantCulture) != length)
                return "InvalidFlushPosition";
            length += part.Value.Length;
        }

        if (request.Query["action"] == "flush" && length != position)
            return "InvalidFlushPosition";
        _staged.TryRemove(key, out _);
        return await SaveAsync(key, CloudObject.Join(parts.Select(part => part.Value)));
    }

    private async Task<string?> S3Async(HttpContext context, string key, byte[] content)
    {
        // The signature does not allow headers that were not signed.
        if (context.Request.ContentType is not null)
            return "SignatureDoesNotMatch";
        string uploadId = context.Request.Query["uploadId"].ToString();
        if (HttpMethods.IsDelete(context.Request.Method))
            return _staged.TryRemove(uploadId, out _) ? null : "NoSuchUpload";
        context.Response.Headers.ETag = ETagOf(content);
        if (uploadId.Length == 0)
            return await SaveAsync(key, content);
        if (!_staged.TryGetValue(uploadId, out var staged))
            return "NoSuchUpload";
        staged.Content[context.Request.Query["partNumber"].ToString()] = content;
        return null;
    }

    private async Task GetAsync(HttpContext context, string key)
    {
        if (store.Find(key) is not { } artifact)
        {
            await ErrorAsync(context, 404, "BlobNotFound", "The specified blob does not exist.");
            return;
        }

        context.Response.ContentLength = artifact.Length;
        await context.Response.Body.WriteAsync(artifact.Bytes, context.RequestAborted);
    }

    private async Task<string?> SaveAsync(string key, byte[] content)
    {
        using var stream = new MemoryStream(content);
        await store.SaveAsync(key, stream, _ => { }, CancellationToken.None);
        return null;
    }

    private static string ETagOf(byte[] content) => $"\"{Convert.ToHexStringLower(MD5.HashData(content))}\"";

    private static Task ErrorAsync(HttpContext context, int status, string code, string message) =>
        Answers.WriteAsync(context, status, "application/xml", $"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");

    private sealed class Blocks
    {
        public ConcurrentDictionary<string, byte[]> Content { get; } = new(StringComparer.Ordinal);
    }
}
