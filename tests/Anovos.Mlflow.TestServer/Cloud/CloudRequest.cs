using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Anovos.Mlflow.TestServer;

/// <summary>A request to a fake cloud store, with its path and query exactly as sent, because signatures cover those bytes.</summary>
internal sealed class CloudRequest
{
    private readonly IHeaderDictionary _headers;

    private CloudRequest(HttpRequest request, string target, byte[] body)
        : this(request.Method, target, request.Headers, body)
    {
    }

    private CloudRequest(string method, string target, IHeaderDictionary headers, byte[] body)
    {
        (Method, Body, _headers) = (method, body, headers);
        int question = target.IndexOf('?');
        RawPath = question < 0 ? target : target[..question];
        Query = [.. (question < 0 ? "" : target[(question + 1)..]).Split('&', StringSplitOptions.RemoveEmptyEntries).Select(ReadField)];
    }

    public string Method { get; }

    public byte[] Body { get; }

    /// <summary>The path, still escaped.</summary>
    public string RawPath { get; }

    /// <summary>The unescaped fields of the query, in their original order.</summary>
    public IReadOnlyList<(string Name, string Value)> Query { get; }

    public IEnumerable<string> HeaderNames => _headers.Keys.Select(name => name.ToLowerInvariant());

    public static async Task<CloudRequest> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return new CloudRequest(context.Request, context.Features.Get<IHttpRequestFeature>()!.RawTarget, body.ToArray());
    }

    /// <summary>Returns the request by which a store reads the source of a copy.</summary>
    public static CloudRequest Read(Uri source) => new("GET", source.PathAndQuery, new HeaderDictionary(), []);

    /// <summary>Returns a request without a body, to be signed.</summary>
    public static CloudRequest Of(string method, string target, IReadOnlyDictionary<string, string> headers)
    {
        var dictionary = new HeaderDictionary();
        foreach ((string name, string value) in headers)
            dictionary[name] = value;
        return new CloudRequest(method, target, dictionary, []);
    }

    public bool Has(string field) => Query.Any(pair => pair.Name == field);

    public string? Field(string field) => Query.FirstOrDefault(pair => pair.Name == field).Value;

    public string? Header(string name) => _headers.TryGetValue(name, out var values) ? values.ToString() : null;

    /// <summary>Returns the unescaped path after its first <paramref name="segments"/> segments.</summary>
    public string PathAfter(int segments) =>
        Uri.UnescapeDataString(string.Join('/', RawPath.TrimStart('/').Split('/').Skip(segments)));

    /// <summary>Returns an unescaped segment of the path; empty if the path is shorter.</summary>
    public string Segment(int index) => Uri.UnescapeDataString(RawPath.TrimStart('/').Split('/').ElementAtOrDefault(index) ?? "");

    public XElement Xml() => XElement.Load(new MemoryStream(Body));

    private static (string Name, string Value) ReadField(string field)
    {
        int equals = field.IndexOf('=');
        return equals < 0
            ? (Uri.UnescapeDataString(field), "")
            : (Uri.UnescapeDataString(field[..equals]), Uri.UnescapeDataString(field[(equals + 1)..]));
    }
}
