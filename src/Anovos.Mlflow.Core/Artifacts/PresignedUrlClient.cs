using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Requests to addresses of buckets that carry their permission with them: whoever has one may use it, so no error names more of it
/// than the host, and the tracking server's credentials stay at home.
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

    /// <summary>Sends a part of a file, as often as the options say; answers what the store calls the part.</summary>
    public async Task<SentPart> SendAsync(HttpMethod method, PresignedUrl target, FileInfo file, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        (ArtifactContent content, string etag) = await _transfer.SendAsync(HostOf(target), Request, new FileSource(file), part, moved, cancellationToken).ConfigureAwait(false);
        return new SentPart(part.Number, etag, content.Sha256);

        HttpRequestMessage Request(HttpContent body)
        {
            // A bucket signs what it is to get, and a content type is not in it.
            body.Headers.ContentType = null;
            return PresignedUrlClient.Request(method, target, body);
        }
    }

    /// <summary>Sends a request with a small body or none.</summary>
    public Task CallAsync(HttpMethod method, PresignedUrl target, Func<HttpContent>? body, CancellationToken cancellationToken) =>
        _transfer.CallAsync(HostOf(target), () => Request(method, target, body?.Invoke() ?? new ByteArrayContent([])), cancellationToken);

    /// <summary>Writes what is at an address to a stream, from its beginning at each attempt.</summary>
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
