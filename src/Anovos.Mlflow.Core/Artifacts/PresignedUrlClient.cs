using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Sends requests to presigned URLs. Errors show only the host, because the URL is a secret, and the tracking server's credentials are
/// not sent.
/// </summary>
internal sealed class PresignedUrlClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly FileTransfer _transfer;

    public PresignedUrlClient(ConnectionOptions options, Retrier retrier)
    {
        ConnectionOptions others = options.ForOtherHosts();
        _http = HttpTransport.CreateClient(HttpTransport.CreateHandler(others), others);
        _transfer = new FileTransfer(others, retrier, _http);
    }

    /// <summary>Sends a part of a file, with retries. Returns its ETag and hash.</summary>
    public async Task<UploadedPart> SendAsync(HttpMethod method, PresignedUrl target, FileInfo file, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        (ArtifactContent content, string etag) = await _transfer.SendAsync(HostOf(target), Request, new FileSource(file), part, moved, cancellationToken).ConfigureAwait(false);
        return new UploadedPart(part.Number, etag, content.Sha256);

        HttpRequestMessage Request(HttpContent body)
        {
            // The signature does not cover a content type.
            body.Headers.ContentType = null;
            return PresignedUrlClient.Request(method, target, body);
        }
    }

    /// <summary>Sends a request with a small or empty body.</summary>
    public Task CallAsync(HttpMethod method, PresignedUrl target, Func<HttpContent>? body, CancellationToken cancellationToken) =>
        _transfer.CallAsync(HostOf(target), () => Request(method, target, body?.Invoke() ?? new ByteArrayContent([])), cancellationToken);

    /// <summary>Writes the object at a URL to a stream. Each attempt starts from the beginning.</summary>
    public Task<bool> ReceiveAsync(PresignedUrl source, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        _transfer.ReceiveAsync(HostOf(source), () => Request(HttpMethod.Get, source, null), target, received, cancellationToken);

    public void Dispose() => _http.Dispose();

    private static Uri HostOf(PresignedUrl target) => new(new Uri(target.Url).GetLeftPart(UriPartial.Authority));

    private static HttpRequestMessage Request(HttpMethod method, PresignedUrl target, HttpContent? content)
    {
        var request = new HttpRequestMessage(method, target.Url) { Content = content };
        foreach (KeyValuePair<string, string> header in target.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(header.Key, header.Value))
                content?.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        return request;
    }
}
