using System.Security;
using System.Security.Cryptography;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Implements the requests of Azure's blob storage that the module sends, for one container in memory, addressed by path.
/// </summary>
internal sealed class FakeBlobStorage(string account, string accountKey)
{
    private const string Container = "artifacts";
    private const int LargestBlock = 100 << 20;

    private readonly AzureSignature _signature = new(account, accountKey);
    private readonly SortedDictionary<string, CloudObject> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, byte[]>> _blocks = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _version = 0x8DD_0000_0000_0000;

    public CloudResponse Handle(CloudRequest request)
    {
        string key = request.PathAfter(2);
        _signature.Verify(request, (request.Method, key) switch { ("PUT", _) => "cw", ("DELETE", _) => "d", (_, "") => "l", _ => "r" });
        CheckBody(request);
        if (request.Segment(1) != Container)
            throw new CloudFault(404, "ContainerNotFound", "The specified container does not exist.");
        lock (_lock)
        {
            return (request.Method, request.Field("comp"), key.Length) switch
            {
                ("GET", "list", 0) => List(request),
                ("GET", "blocklist", > 0) => ListBlocks(key),
                ("GET" or "HEAD", null, > 0) => Get(request, key),
                ("PUT", "block", > 0) => PutBlock(request, key),
                ("PUT", "blocklist", > 0) => Commit(request, key),
                ("PUT", null, > 0) when request.Header("x-ms-blob-type") == "BlockBlob" => Put(request, key),
                ("DELETE", null, > 0) => Delete(key),
                _ => throw CloudFault.NotImplemented(request),
            };
        }
    }

    private CloudResponse Get(CloudRequest request, string key)
    {
        CloudObject found = Find(key, request.Header("If-Match"));
        CloudResponse response = CloudResponse.Of(found, request.Header("x-ms-range") ?? request.Header("Range"));
        response.With("x-ms-blob-type", "BlockBlob");
        return found.Md5 is null ? response : response.With(response.Status == 200 ? "Content-MD5" : "x-ms-blob-content-md5", found.Md5);
    }

    private CloudResponse Put(CloudRequest request, string key)
    {
        string md5 = Convert.ToBase64String(MD5.HashData(request.Body));
        if (request.Header("x-ms-blob-content-md5") is { } said && said != md5)
            throw Md5Mismatch();
        return Store(request, key, request.Body, md5);
    }

    private CloudResponse Delete(string key)
    {
        Find(key, ifMatch: null);
        _blobs.Remove(key);
        return CloudResponse.Empty(202);
    }

    private CloudResponse PutBlock(CloudRequest request, string key)
    {
        byte[] content = request.Header("x-ms-copy-source") is { } source ? ReadSource(request, new Uri(source)) : request.Body;
        if (content.Length > LargestBlock)
            throw new CloudFault(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit.");
        string id = request.Field("blockid")!;
        if (!_blocks.TryGetValue(key, out Dictionary<string, byte[]>? blocks))
            _blocks[key] = blocks = new(StringComparer.Ordinal);
        if (blocks.Keys.Any(other => other.Length != id.Length))
            throw new CloudFault(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.");
        blocks[id] = content;
        return CloudResponse.Empty(201);
    }

    // The store requests the source from itself, with nothing but the address. A source elsewhere or without a signature is rejected.
    private byte[] ReadSource(CloudRequest request, Uri source)
    {
        CloudRequest read = CloudRequest.Read(source);
        try
        {
            if (source.Authority != request.Header("Host") || read.Segment(1) != Container)
                throw new CloudFault(404, "CannotVerifyCopySource", "The specified resource does not exist.");
            _signature.Verify(read, "r");
        }
        catch (CloudFault fault)
        {
            throw new CloudFault(fault.Status, "CannotVerifyCopySource", fault.Message);
        }

        byte[] content = Find(read.PathAfter(2), request.Header("x-ms-source-if-match")).Content;
        if (request.Header("x-ms-source-range") is not { } range)
            return content;
        (int from, int to) = CloudResponse.ReadRange(range, content.Length);
        return content[from..(to + 1)];
    }

    private CloudResponse Commit(CloudRequest request, string key)
    {
        Dictionary<string, byte[]> blocks = _blocks.GetValueOrDefault(key) ?? [];
        string[] ids = [.. request.Xml().Elements().Select(block => block.Value)];
        if (ids.Any(id => !blocks.ContainsKey(id)))
            throw new CloudFault(400, "InvalidBlockList", "The specified block list is invalid.");
        return Store(request, key, CloudObject.Join(ids.Select(id => blocks[id])), request.Header("x-ms-blob-content-md5"));
    }

    private CloudResponse Store(CloudRequest request, string key, byte[] content, string? md5)
    {
        _blocks.Remove(key);
        string etag = $"\"0x{++_version:X}\"", type = request.Header("x-ms-blob-content-type") ?? "application/octet-stream";
        CloudObject stored = _blobs[key] = new CloudObject(content, etag, type, DateTimeOffset.UtcNow) { Md5 = md5 };
        return CloudResponse.Empty(201).With("ETag", stored.ETag).With("Last-Modified", stored.Modified);
    }

    private CloudResponse ListBlocks(string key)
    {
        if (!_blocks.TryGetValue(key, out Dictionary<string, byte[]>? blocks))
        {
            Find(key, ifMatch: null);
            blocks = [];
        }

        string listed = string.Concat(blocks.Select(block => $"<Block><Name>{block.Key}</Name><Size>{block.Value.Length}</Size></Block>"));
        return CloudResponse.Xml($"<BlockList><UncommittedBlocks>{listed}</UncommittedBlocks></BlockList>");
    }

    private CloudResponse List(CloudRequest request)
    {
        (IReadOnlyList<CloudEntry> page, string? next) = CloudListing.PageOf(
            _blobs, request.Field("prefix"), request.Field("delimiter"), request.Field("marker") is { Length: > 0 } marker ? marker : null);
        IEnumerable<string> entries = page.Select(entry => entry.Object is { } blob
            ? $"<Blob><Name>{SecurityElement.Escape(entry.Name)}</Name><Properties>{Describe(blob)}</Properties></Blob>"
            : $"<BlobPrefix><Name>{SecurityElement.Escape(entry.Name)}</Name></BlobPrefix>");
        return CloudResponse.Xml(
            $"<EnumerationResults><Blobs>{string.Concat(entries)}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>");
    }

    private CloudObject Find(string key, string? ifMatch)
    {
        if (!_blobs.TryGetValue(key, out CloudObject? found))
            throw new CloudFault(404, "BlobNotFound", "The specified blob does not exist.");
        return ifMatch is null || ifMatch.Trim('"') == found.ETag.Trim('"')
            ? found
            : throw new CloudFault(412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met.");
    }

    private static void CheckBody(CloudRequest request)
    {
        if (request.Header("Content-MD5") is { } md5 && md5 != Convert.ToBase64String(MD5.HashData(request.Body)))
            throw Md5Mismatch();
        if (request.Header("x-ms-content-crc64") is not null || request.Header("x-ms-structured-body") is not null)
            throw new CloudFault(501, "NotImplemented", "Only MD5 checksums are implemented.");
    }

    private static CloudFault Md5Mismatch() => new(400, "Md5Mismatch", "The MD5 value specified in the request did not match.");

    private static string Describe(CloudObject blob)
    {
        string md5 = blob.Md5 is null ? "" : $"<Content-MD5>{blob.Md5}</Content-MD5>";
        return $"<Last-Modified>{blob.Modified}</Last-Modified><Etag>{blob.ETag.Trim('"')}</Etag>"
            + $"<Content-Length>{blob.Content.Length}</Content-Length><Content-Type>{blob.ContentType}</Content-Type>{md5}"
            + "<BlobType>BlockBlob</BlobType>";
    }
}
