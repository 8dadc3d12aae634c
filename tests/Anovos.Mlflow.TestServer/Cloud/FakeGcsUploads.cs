using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Net.Http.Headers;

namespace Anovos.Mlflow.TestServer;

/// <summary>The uploads of a fake Google Cloud Storage: in one request with metadata, and resumable ones.</summary>
internal sealed class FakeGcsUploads
{
    private const int ChunkStep = 256 << 10;
    private const int ResumeIncomplete = 308;

    private readonly Dictionary<string, Session> _sessions = [];

    /// <summary>Stores an object with a name, content and content type. Returns its description.</summary>
    public delegate JsonObject StoreObject(string key, byte[] content, string type);

    public CloudResponse Begin(CloudRequest request, StoreObject store)
    {
        switch (request.Field("uploadType"))
        {
            case "media":
                return Finish([], request.Body, request.Header("Content-Type"), request, store);
            case "multipart":
                (JsonObject metadata, byte[] content, string type) = ReadRelated(request);
                return Finish(metadata, content, type, request, store);
            case "resumable":
                JsonObject described = request.Body.Length == 0 ? [] : JsonNode.Parse(request.Body)!.AsObject();
                described["name"] ??= request.Field("name");
                string id = Convert.ToHexString(RandomNumberGenerator.GetBytes(24));
                long? length = request.Header("X-Upload-Content-Length") is { } text ? Number(text) : null;
                _sessions[id] = new Session(described, request.Header("X-Upload-Content-Type"), length);
                string address = $"http://{request.Header("Host")}{request.RawPath}?uploadType=resumable&upload_id={id}";
                return CloudResponse.Empty(200).With("Location", address).With("X-GUploader-UploadID", id);
            default:
                throw CloudFault.NotImplemented(request);
        }
    }

    /// <summary>
    /// Handles a chunk, a query of the stored size, or the end of a session. The session's address is the only credential.
    /// </summary>
    public CloudResponse Continue(CloudRequest request, StoreObject store)
    {
        string id = request.Field("upload_id")!;
        if (!_sessions.TryGetValue(id, out Session? session))
            throw new CloudFault(410, "uploadBroken", "The upload session is gone.");
        if (request.Method == "DELETE")
        {
            _sessions.Remove(id);
            return CloudResponse.Empty(499);
        }

        if (request.Method != "PUT")
            throw CloudFault.NotImplemented(request);
        if (session.Result is { } done)
            return CloudResponse.Json(done.DeepClone().AsObject());
        string header = request.Header("Content-Range") ?? $"bytes 0-{request.Body.Length - 1}/{request.Body.Length}";
        // Google's client for Node leaves the end open if it sends everything in one request: "bytes 0-*/*".
        Match range = Regex.Match(header, @"^bytes (?:\*|(\d+)-(\d+|\*))/(\*|\d+)$");
        if (!range.Success)
            throw new CloudFault(400, "invalid", $"Failed to parse Content-Range header: {header}");
        long? total = range.Groups[3].Value == "*" ? null : Number(range.Groups[3].Value);
        if (session.Length is { } announced && total is { } named && announced != named)
            throw new CloudFault(400, "invalid", $"Upload has {named} bytes, and {announced} were announced.");
        if (range.Groups[1].Success)
        {
            long first = Number(range.Groups[1].Value);
            bool isOpen = range.Groups[2].Value == "*";
            long last = isOpen ? first + request.Body.Length - 1 : Number(range.Groups[2].Value);
            if (isOpen)
                total ??= last + 1;
            Append(session, request.Body, first, last, total);
        }

        if (total == session.Content.Length)
        {
            CloudResponse response = Finish(session.Metadata, session.Content.ToArray(), session.Type, request, store);
            session.Result = JsonNode.Parse(response.Body)!.AsObject();
            return response;
        }

        CloudResponse incomplete = CloudResponse.Empty(ResumeIncomplete);
        return session.Content.Length == 0 ? incomplete : incomplete.With("Range", $"bytes=0-{session.Content.Length - 1}");
    }

    private static void Append(Session session, byte[] body, long first, long last, long? total)
    {
        if (last - first + 1 != body.Length || last >= total)
            throw new CloudFault(400, "invalid", "The body has another length than Content-Range says.");
        if (last + 1 != total && body.Length % ChunkStep != 0 && (last + 1) % ChunkStep != 0)
            throw new CloudFault(400, "invalid", "A chunk that is not the last has to be a multiple of 256 KiB.");
        if (first > session.Content.Length)
            throw new CloudFault(400, "invalid", $"The upload has {session.Content.Length} bytes, and this chunk begins at {first}.");
        int known = (int)(session.Content.Length - first);
        session.Content.Write(body.AsSpan(Math.Min(known, body.Length)));
    }

    private static CloudResponse Finish(JsonObject metadata, byte[] content, string? type, CloudRequest request, StoreObject store)
    {
        string md5 = Convert.ToBase64String(MD5.HashData(content)), crc32c = FakeGcs.Crc32C(content);
        string sent = request.Header("x-goog-hash") ?? "", name = (string?)metadata["name"] ?? request.Field("name") ?? "";
        string? said = (string?)metadata["md5Hash"] ?? Hash("md5", sent), checksum = (string?)metadata["crc32c"] ?? Hash("crc32c", sent);
        if (said is not null && said != md5)
            throw new CloudFault(400, "invalid", $"Provided MD5 hash \"{said}\" doesn't match calculated MD5 hash \"{md5}\".");
        if (checksum is not null && checksum != crc32c)
            throw new CloudFault(400, "invalid", $"Provided CRC32C \"{checksum}\" doesn't match calculated CRC32C \"{crc32c}\".");
        return CloudResponse.Json(store(name, content, (string?)metadata["contentType"] ?? type ?? "application/octet-stream"));
    }

    private static string? Hash(string name, string header) =>
        header.Split(',').FirstOrDefault(part => part.Trim().StartsWith(name + "=", StringComparison.Ordinal))?.Trim()[(name.Length + 1)..];

    // Exactly two parts: the metadata and the content.
    private static (JsonObject Metadata, byte[] Content, string Type) ReadRelated(CloudRequest request)
    {
        MediaTypeHeaderValue type = MediaTypeHeaderValue.Parse(request.Header("Content-Type"));
        if (type.MediaType != "multipart/related")
            throw new CloudFault(400, "badContent", "Multipart uploads must have the content type multipart/related.");
        byte[] mark = Encoding.ASCII.GetBytes("--" + HeaderUtilities.RemoveQuotes(type.Boundary));
        List<(string Head, byte[] Body)> parts = [];
        ReadOnlySpan<byte> rest = request.Body;
        rest = rest[(rest.IndexOf(mark) + mark.Length)..];
        while (!rest.StartsWith("--"u8))
        {
            int end = rest.IndexOf(mark);
            ReadOnlySpan<byte> part = rest[2..(end - 2)];
            int head = part.IndexOf("\r\n\r\n"u8);
            parts.Add((Encoding.ASCII.GetString(part[..head]), part[(head + 4)..].ToArray()));
            rest = rest[(end + mark.Length)..];
        }

        if (parts.Count != 2)
            throw new CloudFault(400, "malformed", "A multipart upload has two parts.");
        Match ofContent = Regex.Match(parts[1].Head, @"^content-type:\s*(\S+)", RegexOptions.IgnoreCase | RegexOptions.Multiline);
        return (JsonNode.Parse(parts[0].Body)!.AsObject(), parts[1].Body, ofContent.Groups[1].Value);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private sealed record Session(JsonObject Metadata, string? Type, long? Length)
    {
        public MemoryStream Content { get; } = new();

        public JsonObject? Result { get; set; }
    }
}
