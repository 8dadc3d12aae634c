using System.Globalization;
using System.Security;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace Anovos.Mlflow.TestServer;

/// <summary>The multipart uploads of a fake S3 that are neither completed nor aborted.</summary>
internal sealed class FakeS3Uploads
{
    private const int SmallestPart = 5 << 20;

    private readonly Dictionary<string, Upload> _uploads = [];

    public string Begin(string key, string? contentType)
    {
        string id = Guid.NewGuid().ToString("N");
        _uploads[id] = new Upload(key, contentType ?? "binary/octet-stream", DateTimeOffset.UtcNow, []);
        return id;
    }

    public CloudObject Put(string key, string id, int number, CloudObject part) => Find(key, id).Parts[number] = part;

    public void Abort(string key, string id)
    {
        Find(key, id);
        _uploads.Remove(id);
    }

    public string List(string prefix)
    {
        var uploads = _uploads.Where(upload => upload.Value.Key.StartsWith(prefix, StringComparison.Ordinal));
        return $"<ListMultipartUploadsResult>{string.Concat(uploads.Select(Describe))}</ListMultipartUploadsResult>";
    }

    /// <summary>Lists the parts after a number, two per page, so that clients must follow pages.</summary>
    public string ListParts(string key, string id, int marker)
    {
        KeyValuePair<int, CloudObject>[] left = [.. Find(key, id).Parts.Where(part => part.Key > marker)], page = [.. left.Take(2)];
        IEnumerable<string> parts = page.Select(part =>
            $"<Part><PartNumber>{part.Key}</PartNumber><ETag>{part.Value.ETag}</ETag><Size>{part.Value.Content.Length}</Size></Part>");
        string next = page.Length < left.Length ? $"<NextPartNumberMarker>{page[^1].Key}</NextPartNumberMarker>" : "";
        string isTruncated = page.Length < left.Length ? "true" : "false";
        return $"<ListPartsResult><IsTruncated>{isTruncated}</IsTruncated>{next}{string.Concat(parts)}</ListPartsResult>";
    }

    /// <summary>Joins the named parts into an object.</summary>
    public CloudObject Complete(string key, string id, XElement named)
    {
        Upload upload = Find(key, id);
        (int Number, string ETag)[] asked = [.. named.Elements().Select(part => (
            int.Parse(Child(part, "PartNumber"), CultureInfo.InvariantCulture),
            Child(part, "ETag").Trim('"')))];
        if (!asked.Select(part => part.Number).SequenceEqual(asked.Select(part => part.Number).Distinct().Order()))
            throw new CloudFault(400, "InvalidPartOrder", "The list of parts was not in ascending order.");
        if (asked.Length == 0 || asked.Any(part => upload.Parts.GetValueOrDefault(part.Number)?.ETag.Trim('"') != part.ETag))
            throw new CloudFault(400, "InvalidPart", "One or more of the specified parts could not be found.");
        CloudObject[] parts = [.. asked.Select(part => upload.Parts[part.Number])];
        if (parts[..^1].Any(part => part.Content.Length < SmallestPart))
            throw new CloudFault(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
        _uploads.Remove(id);
        byte[] hashes = [.. parts.SelectMany(part => Convert.FromHexString(part.ETag.Trim('"')))];
        string etag = $"\"{Convert.ToHexStringLower(MD5.HashData(hashes))}-{parts.Length}\"";
        return new CloudObject(CloudObject.Join(parts.Select(part => part.Content)), etag, upload.ContentType, DateTimeOffset.UtcNow);
    }

    private Upload Find(string key, string id) => _uploads.TryGetValue(id, out Upload? upload) && upload.Key == key
        ? upload
        : throw new CloudFault(404, "NoSuchUpload", "The specified multipart upload does not exist.");

    private static string Child(XElement part, string name) => part.Elements().Single(child => child.Name.LocalName == name).Value;

    private static string Describe(KeyValuePair<string, Upload> upload) =>
        $"<Upload><Key>{SecurityElement.Escape(upload.Value.Key)}</Key><UploadId>{upload.Key}</UploadId>"
        + $"<Initiated>{upload.Value.Begun:yyyy-MM-ddTHH:mm:ss.fffZ}</Initiated></Upload>";

    private sealed record Upload(string Key, string ContentType, DateTimeOffset Begun, SortedDictionary<int, CloudObject> Parts);
}
