using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Requests to addresses of buckets that carry their permission with them: whoever has one may use it, so no error names more of it
/// than the host, and the tracking server's credentials stay at home.
/// </summary>
internal sealed class BucketClient(ConnectionOptions options, Retrier retrier) : IDisposable
{
    private readonly FileTransfer _transfer = new(options, retrier);
    private readonly HttpClient _http = HttpTransport.CreateClient(HttpTransport.CreateHandler(options.ForOtherHosts()), options.ForOtherHosts());

    /// <summary>Sends a part of a file, as often as the options say; answers what the store calls the part.</summary>
    public Task<SentPart> SendAsync(HttpMethod method, SignedAddress target, FileInfo file, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        Uri bucket = HostOf(target);
        return _transfer.RunAsync(
            bucket,
            moved,
            async (count, time) =>
            {
                // A bucket signs what it is to get, and a content type is not in it.
                var content = new SourceContent(new FileSource(file), count, time, part);
                content.Headers.ContentType = null;
                using HttpRequestMessage request = Request(method, target, content);
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(_http, request, bucket, time, cancellationToken).ConfigureAwait(false);
                ArtifactContent all = content.Sent ?? throw new MlflowException(ErrorKind.ServerError, $"{bucket.Authority} answered before it had all of it.") { IsTransient = true };
                return new SentPart(part.Number, response.Headers.ETag?.ToString() ?? "", all.Sha256);
            },
            cancellationToken);
    }

    /// <summary>Sends a request with a small body or none.</summary>
    public Task CallAsync(HttpMethod method, SignedAddress target, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        Uri bucket = HostOf(target);
        return _transfer.RunAsync(
            bucket,
            _ => { },
            async (_, time) =>
            {
                using HttpRequestMessage request = Request(method, target, body?.Invoke() ?? new ByteArrayContent([]));
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(_http, request, bucket, time, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    /// <summary>Writes what is at an address to a stream, from its beginning at each attempt.</summary>
    public Task<bool> ReceiveAsync(SignedAddress source, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        Uri bucket = HostOf(source);
        return _transfer.RunAsync(
            bucket,
            received,
            async (count, time) =>
            {
                target.SetLength(0);
                using HttpRequestMessage request = Request(HttpMethod.Get, source, null);
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(_http, request, bucket, time, cancellationToken).ConfigureAwait(false);
                await ArtifactAnswers.CopyAsync(response, bucket, target, count, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static Uri HostOf(SignedAddress target) => new(new Uri(target.Url).GetLeftPart(UriPartial.Authority));

    private static HttpRequestMessage Request(HttpMethod method, SignedAddress target, HttpContent? content)
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
