using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Implements the requests of Google Cloud Storage's JSON API that the module and Google's clients send, for one bucket in memory,
/// according to Google's documentation of the API.
/// </summary>
/// <param name="tokens">The token server; null for an emulator, which does not require credentials.</param>
internal sealed class FakeGcs(GoogleTokens? tokens)
{
    private const string Bucket = "artifacts";
    private const long RewriteStep = 1 << 20;

    private static readonly string[] Everywhere =
        ["alt", "fields", "prettyPrint", "projection", "uploadType", "name", "upload_id", "quotaUser"];

    private readonly SortedDictionary<string, CloudObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Parameters, long Done)> _rewrites = [];
    private readonly FakeGcsUploads _uploads = new();
    private readonly Lock _lock = new();
    private long _generation = 1_700_000_000_000_000;

    public CloudResponse Handle(CloudRequest request)
    {
        if (request.Segment(0) == "token" && tokens is not null)
            return tokens.Issue(request);
        if (request.Segment(0) is "" or "computeMetadata" && tokens is not null)
            return tokens.OnMetadataServer(request);
        try
        {
            lock (_lock)
                return Route(request);
        }
        catch (CloudFault fault) when (request.Field("alt") == "media")
        {
            // A download fails with plain text.
            return new CloudResponse(fault.Status, Encoding.UTF8.GetBytes(fault.Message)).With("Content-Type", "text/html; charset=UTF-8");
        }
    }

    /// <summary>An error as the JSON API writes it.</summary>
    public static CloudResponse Error(CloudFault fault)
    {
        var one = new { message = fault.Message, domain = "global", reason = fault.Code };
        var error = new { code = fault.Status, message = fault.Message, errors = new[] { one } };
        return CloudResponse.Json(new { error }, fault.Status);
    }

    /// <summary>CRC32C in base64, big-endian, as the service writes it.</summary>
    internal static string Crc32C(byte[] content)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in content)
            crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return Convert.ToBase64String([(byte)(crc >> 24), (byte)(crc >> 16), (byte)(crc >> 8), (byte)crc]);
    }

    private CloudResponse Route(CloudRequest request)
    {
        bool uploads = request.Segment(0) == "upload";
        int at = request.Segment(0) is "upload" or "download" ? 1 : 0, length = request.RawPath.Trim('/').Split('/').Length - at;
        if ($"{request.Segment(at)}/{request.Segment(at + 1)}/{request.Segment(at + 2)}" != "storage/v1/b")
            throw new CloudFault(404, "notFound", "Not Found");
        string bucket = request.Segment(at + 3), key = request.Segment(at + 5);
        if (uploads && request.Has("upload_id"))
            return _uploads.Continue(request, Store);
        string permission = PermissionOf(request, uploads, length);
        tokens?.Verify(request, permission);
        if (bucket != Bucket)
            throw new CloudFault(404, "notFound", "The specified bucket does not exist.");
        if (request.Segment(at + 4) != "o" && length > 4)
            throw new CloudFault(404, "notFound", "Not Found");
        return (request.Method, length, uploads) switch
        {
            ("POST", 5, true) => _uploads.Begin(request, Store),
            ("GET", 5, false) => List(request),
            ("GET", 6, false) => Get(request, key),
            ("DELETE", 6, false) => Delete(request, key),
            ("POST", 11, false) when request.Segment(at + 6) == "rewriteTo" =>
                Rewrite(request, key, request.Segment(at + 8), request.Segment(at + 10)),
            _ => throw CloudFault.NotImplemented(request),
        };
    }

    private static string PermissionOf(CloudRequest request, bool uploads, int length) => (request.Method, length, uploads) switch
    {
        ("GET", 5, _) => "storage.objects.list",
        ("GET", _, _) => "storage.objects.get",
        ("DELETE", _, _) => "storage.objects.delete",
        _ => "storage.objects.create",
    };

    private CloudResponse List(CloudRequest request)
    {
        Allow(request, "prefix", "delimiter", "pageToken", "maxResults", "autoPaginate", "versions");
        (IReadOnlyList<CloudEntry> page, string? next) =
            CloudListing.PageOf(_objects, request.Field("prefix"), request.Field("delimiter"), request.Field("pageToken"));
        var listing = new JsonObject { ["kind"] = "storage#objects" };
        if (next is not null)
            listing["nextPageToken"] = next;
        ILookup<bool, CloudEntry> entries = page.ToLookup(entry => entry.Object is null);
        if (entries[true].Any())
            listing["prefixes"] = new JsonArray([.. entries[true].Select(entry => JsonValue.Create(entry.Name))]);
        if (entries[false].Any())
            listing["items"] = new JsonArray([.. entries[false].Select(entry => Describe(entry.Name, entry.Object!))]);
        if (request.Field("fields") is { } fields)
            Keep(listing, fields);
        return CloudResponse.Json(listing);
    }

    private CloudResponse Get(CloudRequest request, string key)
    {
        Allow(request, "ifGenerationMatch", "generation");
        CloudObject found = Find(key, request.Field("ifGenerationMatch"), request.Field("generation"));
        if (request.Field("alt") != "media")
            return CloudResponse.Json(Describe(key, found));
        return CloudResponse.Of(found, request.Header("Range"))
            .With("x-goog-generation", found.ETag)
            .With("x-goog-stored-content-length", found.Content.Length.ToString(CultureInfo.InvariantCulture))
            .With("x-goog-hash", $"crc32c={Crc32C(found.Content)},md5={found.Md5}");
    }

    private CloudResponse Delete(CloudRequest request, string key)
    {
        Allow(request, "ifGenerationMatch", "generation");
        Find(key, request.Field("ifGenerationMatch"), request.Field("generation"));
        _objects.Remove(key);
        return CloudResponse.Empty(204);
    }

    private CloudResponse Rewrite(CloudRequest request, string source, string targetBucket, string target)
    {
        Allow(request, "ifSourceGenerationMatch", "rewriteToken", "maxBytesRewrittenPerCall");
        if (targetBucket != Bucket)
            throw new CloudFault(404, "notFound", "The specified bucket does not exist.");
        CloudObject from = Find(source, request.Field("ifSourceGenerationMatch"));
        string? most = request.Field("maxBytesRewrittenPerCall");
        long step = most is null ? long.MaxValue : long.Parse(most, CultureInfo.InvariantCulture);
        if (step < RewriteStep || (step != long.MaxValue && step % RewriteStep != 0))
            throw new CloudFault(400, "invalid", "maxBytesRewrittenPerCall must be an integral multiple of 1 MiB (1048576).");
        string parameters = $"{source}\n{from.ETag}\n{target}", token = request.Field("rewriteToken") ?? "";
        long before = 0;
        if (token.Length > 0)
        {
            if (!_rewrites.Remove(token, out (string Parameters, long Done) known) || known.Parameters != parameters)
                throw new CloudFault(400, "invalid", "The rewrite token is invalid.");
            before = known.Done;
        }

        long done = Math.Min(from.Content.Length, step == long.MaxValue ? step : before + step);
        var response = new JsonObject
        {
            ["kind"] = "storage#rewriteResponse",
            ["totalBytesRewritten"] = done.ToString(CultureInfo.InvariantCulture),
            ["objectSize"] = from.Content.Length.ToString(CultureInfo.InvariantCulture),
            ["done"] = done == from.Content.Length,
        };
        if (done == from.Content.Length)
        {
            string? type = request.Body.Length == 0 ? null : (string?)JsonNode.Parse(request.Body)!["contentType"];
            response["resource"] = Store(target, from.Content, type ?? from.ContentType);
        }
        else
        {
            string next = Guid.NewGuid().ToString("N");
            _rewrites[next] = (parameters, done);
            response["rewriteToken"] = next;
        }

        return CloudResponse.Json(response);
    }

    private JsonObject Store(string key, byte[] content, string type)
    {
        if (key.Length == 0 || Encoding.UTF8.GetByteCount(key) > 1024 || key.IndexOfAny(['\r', '\n']) >= 0 || key is "." or "..")
            throw new CloudFault(400, "invalid", $"Invalid object name: {key}");
        string generation = (++_generation).ToString(CultureInfo.InvariantCulture);
        string md5 = Convert.ToBase64String(MD5.HashData(content));
        var stored = new CloudObject(content, generation, type, DateTimeOffset.UtcNow) { Md5 = md5 };
        return Describe(key, _objects[key] = stored);
    }

    private CloudObject Find(string key, string? ifGeneration, string? generation = null)
    {
        if (!_objects.TryGetValue(key, out CloudObject? found) || (generation is not null && generation != found.ETag))
            throw new CloudFault(404, "notFound", $"No such object: {Bucket}/{key}{(generation is null ? "" : $"#{generation}")}");
        return ifGeneration is null || ifGeneration == found.ETag
            ? found
            : throw new CloudFault(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.");
    }

    private static JsonObject Describe(string key, CloudObject item) => new()
    {
        ["kind"] = "storage#object",
        ["id"] = $"{Bucket}/{key}/{item.ETag}",
        ["name"] = key,
        ["bucket"] = Bucket,
        ["generation"] = item.ETag,
        ["metageneration"] = "1",
        ["contentType"] = item.ContentType,
        ["storageClass"] = "STANDARD",
        ["size"] = item.Content.Length.ToString(CultureInfo.InvariantCulture),
        ["md5Hash"] = item.Md5,
        ["crc32c"] = Crc32C(item.Content),
        ["etag"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(item.ETag)),
        ["timeCreated"] = item.Written.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        ["updated"] = item.Written.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
    };

    // Reduces a listing to a partial response, such as "prefixes,items(name,size),nextPageToken".
    private static void Keep(JsonObject listing, string fields)
    {
        Match items = Regex.Match(fields, @"items\(([^)]*)\)");
        string[] ofItems = items.Groups[1].Value.Split(',');
        string[] ofListing = (items.Success ? fields.Replace(items.Value, "items", StringComparison.Ordinal) : fields).Split(',');
        foreach (string name in listing.Select(field => field.Key).Except(ofListing).ToArray())
            listing.Remove(name);
        if (!items.Success || listing["items"] is not JsonArray kept)
            return;
        foreach (JsonObject item in kept.Cast<JsonObject>())
        {
            foreach (string name in item.Select(field => field.Key).Except(ofItems).ToArray())
                item.Remove(name);
        }
    }

    private static void Allow(CloudRequest request, params string[] fields)
    {
        if (request.Query.Any(field => !fields.Contains(field.Name) && !Everywhere.Contains(field.Name)))
            throw CloudFault.NotImplemented(request);
    }
}
