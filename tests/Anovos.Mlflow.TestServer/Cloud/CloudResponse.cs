using System.Globalization;
using System.Security;
using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>The response of a fake cloud store.</summary>
internal sealed record CloudResponse(int Status, byte[] Body)
{
    public List<(string Name, string Value)> Headers { get; } = [];

    public static CloudResponse Empty(int status) => new(status, []);

    public static CloudResponse Xml(string xml, int status = 200)
    {
        byte[] body = Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}");
        return new CloudResponse(status, body).With("Content-Type", "application/xml");
    }

    public static CloudResponse Json(object content, int status = 200) =>
        new CloudResponse(status, JsonSerializer.SerializeToUtf8Bytes(content)).With("Content-Type", "application/json; charset=UTF-8");

    /// <summary>Returns an error as S3 and Azure both write it.</summary>
    public static CloudResponse Error(CloudFault fault) =>
        Xml($"<Error><Code>{fault.Code}</Code><Message>{SecurityElement.Escape(fault.Message)}</Message></Error>", fault.Status);

    /// <summary>Returns the object, or the requested range of it.</summary>
    public static CloudResponse Of(CloudObject found, string? range)
    {
        CloudResponse response;
        if (range is null)
        {
            response = new CloudResponse(200, found.Content);
        }
        else
        {
            (int from, int to) = ReadRange(range, found.Content.Length);
            response = new CloudResponse(206, found.Content[from..(to + 1)]);
            response.With("Content-Range", $"bytes {from}-{to}/{found.Content.Length}");
        }

        return response.With("ETag", found.ETag)
            .With("Last-Modified", found.Modified)
            .With("Accept-Ranges", "bytes")
            .With("Content-Type", found.ContentType);
    }

    /// <summary>Returns the first and last byte of a range such as <c>bytes=5-</c> or <c>bytes=0-99</c>.</summary>
    public static (int From, int To) ReadRange(string range, int length)
    {
        string[] ends = range.Replace("bytes=", "", StringComparison.Ordinal).Split('-');
        int from = int.Parse(ends[0], CultureInfo.InvariantCulture);
        int to = ends[1].Length == 0 ? length - 1 : Math.Min(length - 1, int.Parse(ends[1], CultureInfo.InvariantCulture));
        return from <= to ? (from, to) : throw new CloudFault(416, "InvalidRange", "The range is not satisfiable.");
    }

    public CloudResponse With(string name, string value)
    {
        Headers.Add((name, value));
        return this;
    }
}

/// <summary>A stored object.</summary>
internal sealed record CloudObject(byte[] Content, string ETag, string ContentType, DateTimeOffset Written)
{
    /// <summary>Joins parts into the content of an object.</summary>
    public static byte[] Join(IEnumerable<byte[]> parts)
    {
        using var whole = new MemoryStream();
        foreach (byte[] part in parts)
            whole.Write(part);
        return whole.ToArray();
    }

    /// <summary>The time of the last change, in the format of a header.</summary>
    public string Modified => Written.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The MD5 of the content in base64, if the store has it.</summary>
    public string? Md5 { get; init; }
}

/// <summary>An error response.</summary>
internal sealed class CloudFault(int status, string code, string message) : Exception(message)
{
    public static CloudFault NotImplemented(CloudRequest request)
    {
        IEnumerable<string> fields = request.Query.Select(field => field.Name);
        return new(501, "NotImplemented", $"{request.Method} with {string.Join(", ", fields)} is not implemented.");
    }

    public int Status => status;

    public string Code => code;
}
