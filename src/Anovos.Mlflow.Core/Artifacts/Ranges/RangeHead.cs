using System.Net;
using System.Net.Http.Headers;

namespace Anovos.Mlflow.Artifacts;

/// <summary>The description of a response body, from the response headers.</summary>
/// <param name="IsWhole">Whether the store ignored the range, and the body is the whole artifact.</param>
/// <param name="ETag">The strong ETag of the content; null if the response has none.</param>
/// <param name="Length">The length of the whole artifact in bytes; null if the response does not have it.</param>
internal sealed record RangeHead(bool IsWhole, string? ETag, long? Length)
{
    /// <summary>Reads the headers of a response to a request for a range.</summary>
    public static RangeHead Of(HttpResponseMessage response)
    {
        bool isWhole = response.StatusCode != HttpStatusCode.PartialContent;
        string? etag = response.Headers.ETag is { IsWeak: false } strong ? strong.Tag : null;
        HttpContentHeaders headers = response.Content.Headers;
        return new RangeHead(isWhole, etag, isWhole ? headers.ContentLength : headers.ContentRange?.Length);
    }
}
