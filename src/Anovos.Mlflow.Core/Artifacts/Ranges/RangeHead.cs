using System.Net;
using System.Net.Http.Headers;

namespace Anovos.Mlflow.Artifacts;

/// <summary>What a response says of its body before it comes.</summary>
/// <param name="IsWhole">Whether the store ignored the range, and the body is the whole artifact.</param>
/// <param name="ETag">What the store calls this very content; null if it does not say, or only roughly.</param>
/// <param name="Length">Bytes of the whole artifact; null if it does not say.</param>
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
