using System.Globalization;
using System.Security;
using System.Security.Cryptography;

namespace Anovos.Mlflow.TestServer;

/// <summary>Implements the requests of S3 that the module sends, for one bucket in memory, addressed by path.</summary>
internal sealed class FakeS3(string accessKeyId, string secretAccessKey, string? sessionToken = null)
{
    private const string Bucket = "artifacts", Region = "eu-central-1";

    private readonly SignatureV4 _signature = new(accessKeyId, secretAccessKey, sessionToken);
    private readonly SortedDictionary<string, CloudObject> _objects = new(StringComparer.Ordinal);
    private readonly FakeS3Uploads _uploads = new();
    private readonly Lock _lock = new();

    public CloudResponse Handle(CloudRequest request)
    {
        // Anyone may request a bucket's region.
        if (request.Method == "HEAD" && request.Header("Authorization") is null && request.PathAfter(1).Length == 0)
            return CloudResponse.Empty(403).With("x-amz-bucket-region", Region);
        _signature.Verify(request);
        CheckBody(request);
        if (request.Segment(0) != Bucket)
            throw new CloudFault(404, "NoSuchBucket", "The specified bucket does not exist");
        string key = request.PathAfter(1);
        lock (_lock)
        {
            if (key.Length == 0)
                return OnBucket(request);
            return request.Has("uploadId") || request.Has("uploads") ? OnUpload(request, key) : OnObject(request, key);
        }
    }

    private CloudResponse OnBucket(CloudRequest request) => request switch
    {
        { Method: "GET" } when request.Field("list-type") == "2" => List(request),
        { Method: "GET" } when request.Has("uploads") => CloudResponse.Xml(_uploads.List(request.Field("prefix") ?? "")),
        _ => throw CloudFault.NotImplemented(request),
    };

    private CloudResponse OnObject(CloudRequest request, string key)
    {
        switch (request.Method)
        {
            case "GET" or "HEAD":
                CloudObject found = Find(key, request.Header("If-Match"));
                return CloudResponse.Of(found, request.Header("Range"));
            case "PUT" when request.Header("x-amz-copy-source") is not null:
                _objects[key] = Stored(request, FindSource(request).Content);
                return CloudResponse.Xml($"<CopyObjectResult>{Describe(_objects[key])}</CopyObjectResult>");
            case "PUT":
                _objects[key] = Stored(request, request.Body);
                return CloudResponse.Empty(200).With("ETag", _objects[key].ETag);
            case "DELETE":
                _objects.Remove(key);
                return CloudResponse.Empty(204);
            default:
                throw CloudFault.NotImplemented(request);
        }
    }

    private CloudResponse OnUpload(CloudRequest request, string key)
    {
        string uploadId = request.Field("uploadId") ?? "";
        switch (request.Method)
        {
            case "POST" when request.Has("uploads"):
                uploadId = _uploads.Begin(key, request.Header("Content-Type"));
                return CloudResponse.Xml($"<InitiateMultipartUploadResult><UploadId>{uploadId}</UploadId></InitiateMultipartUploadResult>");
            case "GET":
                return CloudResponse.Xml(_uploads.ListParts(key, uploadId, Number(request, "part-number-marker")));
            case "PUT":
                bool copies = request.Header("x-amz-copy-source") is not null;
                byte[] content = copies ? SourceRange(request) : request.Body;
                CloudObject part = _uploads.Put(key, uploadId, Number(request, "partNumber"), Stored(request, content));
                return copies
                    ? CloudResponse.Xml($"<CopyPartResult>{Describe(part)}</CopyPartResult>")
                    : CloudResponse.Empty(200).With("ETag", part.ETag);
            case "POST":
                CloudObject whole = _objects[key] = _uploads.Complete(key, uploadId, request.Xml());
                return CloudResponse.Xml($"<CompleteMultipartUploadResult><ETag>{whole.ETag}</ETag></CompleteMultipartUploadResult>");
            case "DELETE":
                _uploads.Abort(key, uploadId);
                return CloudResponse.Empty(204);
            default:
                throw CloudFault.NotImplemented(request);
        }
    }

    private CloudResponse List(CloudRequest request)
    {
        (IReadOnlyList<CloudEntry> page, string? next) =
            CloudListing.PageOf(_objects, request.Field("prefix"), request.Field("delimiter"), request.Field("continuation-token"));
        IEnumerable<string> entries = page.Select(entry => entry.Object is { } found
            ? $"<Contents><Key>{SecurityElement.Escape(entry.Name)}</Key>{Describe(found)}<Size>{found.Content.Length}</Size></Contents>"
            : $"<CommonPrefixes><Prefix>{SecurityElement.Escape(entry.Name)}</Prefix></CommonPrefixes>");
        string token = next is null ? "" : $"<NextContinuationToken>{next}</NextContinuationToken>";
        string truncated = $"<IsTruncated>{(next is null ? "false" : "true")}</IsTruncated>";
        return CloudResponse.Xml($"<ListBucketResult>{truncated}{token}{string.Concat(entries)}</ListBucketResult>");
    }

    private CloudObject Find(string key, string? ifMatch)
    {
        if (!_objects.TryGetValue(key, out CloudObject? found))
            throw new CloudFault(404, "NoSuchKey", "The specified key does not exist.");
        return ifMatch is null || ifMatch.Trim('"') == found.ETag.Trim('"')
            ? found
            : throw new CloudFault(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    }

    private CloudObject FindSource(CloudRequest request)
    {
        string source = Uri.UnescapeDataString(request.Header("x-amz-copy-source")!).TrimStart('/');
        if (!source.StartsWith(Bucket + "/", StringComparison.Ordinal))
            throw new CloudFault(404, "NoSuchBucket", "The specified bucket does not exist");
        return Find(source[(Bucket.Length + 1)..], request.Header("x-amz-copy-source-if-match"));
    }

    private byte[] SourceRange(CloudRequest request)
    {
        byte[] content = FindSource(request).Content;
        if (request.Header("x-amz-copy-source-range") is not { } range)
            return content;
        (int from, int to) = CloudResponse.ReadRange(range, content.Length);
        return content[from..(to + 1)];
    }

    private static void CheckBody(CloudRequest request)
    {
        if (request.Header("Content-MD5") is { } md5 && md5 != Convert.ToBase64String(MD5.HashData(request.Body)))
            throw new CloudFault(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
        if (request.HeaderNames.Any(name => name.StartsWith("x-amz-checksum-", StringComparison.Ordinal) || name == "x-amz-trailer"))
            throw new CloudFault(501, "NotImplemented", "Of checksums, Content-MD5 is implemented.");
    }

    private static int Number(CloudRequest request, string field) => int.Parse(request.Field(field) ?? "0", CultureInfo.InvariantCulture);

    private static CloudObject Stored(CloudRequest request, byte[] content)
    {
        string etag = $"\"{Convert.ToHexStringLower(MD5.HashData(content))}\"";
        return new CloudObject(content, etag, request.Header("Content-Type") ?? "binary/octet-stream", DateTimeOffset.UtcNow);
    }

    private static string Describe(CloudObject item) =>
        $"<ETag>{item.ETag}</ETag><LastModified>{item.Written:yyyy-MM-ddTHH:mm:ss.fffZ}</LastModified>";
}
