using System.Net.Http.Headers;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Sends requests to presigned URLs. Errors show only the host, because the URL is a secret, and the tracking server's credentials are
/// not sent.
/// </summary>
internal sealed class PresignedUrlClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly ConnectionOptions _options;
    private readonly Retrier _retrier;
    private readonly Action<PresignedUrl>? _ignoresTls;
    private readonly object _gate = new();
    private (HttpClient Http, ConnectionOptions Options)? _s3;

    public PresignedUrlClient(ConnectionOptions options, Retrier retrier)
    {
        (_options, _retrier) = (options.ForOtherHosts(), retrier);
        _http = HttpTransport.CreateClient(HttpTransport.CreateHandler(_options), _options);
    }

    /// <summary>Creates a client that checks the certificates of S3 as for the user's own credentials.</summary>
    /// <param name="options">The connection options of the server.</param>
    /// <param name="retrier">Retries transient errors.</param>
    /// <param name="ignoresTls">Called with a URL before the first request that does not check its host's certificate.</param>
    public PresignedUrlClient(ConnectionOptions options, Retrier retrier, Action<PresignedUrl> ignoresTls)
        : this(options, retrier) => _ignoresTls = ignoresTls;

    /// <summary>Sends a part of a file, with retries. Returns its ETag and hash.</summary>
    public async Task<UploadedPart> SendAsync(
        HttpMethod method, PresignedUrl target, FileInfo file, FilePart part, Action<long> moved, CancellationToken cancellationToken)
    {
        (ArtifactContent content, string etag) =
            await SendAsync(method, target, new FileSource(file), part, moved, cancellationToken).ConfigureAwait(false);
        return new UploadedPart(part.Number, etag, content.Sha256);
    }

    /// <summary>Sends a source, or a part of a file, with retries. Returns its content and ETag.</summary>
    public Task<(ArtifactContent Content, string ETag)> SendAsync(
        HttpMethod method,
        PresignedUrl target,
        ArtifactSource source,
        FilePart? part,
        Action<long> moved,
        CancellationToken cancellationToken)
    {
        return TransferTo(target).SendAsync(target.Host, Request, source, part, moved, cancellationToken);

        HttpRequestMessage Request(HttpContent body)
        {
            // The signature does not cover a content type, unless the server names one.
            body.Headers.ContentType = null;
            return PresignedUrlClient.Request(method, target, body);
        }
    }

    /// <summary>Sends a request with a small or empty body.</summary>
    public Task CallAsync(HttpMethod method, PresignedUrl target, Func<HttpContent>? body, CancellationToken cancellationToken) =>
        TransferTo(target).CallAsync(
            target.Host, () => Request(method, target, body?.Invoke() ?? new ByteArrayContent([])), cancellationToken);

    /// <summary>Writes the object at a URL to a stream. Each attempt starts from the beginning.</summary>
    public Task<bool> ReceiveAsync(PresignedUrl source, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        TransferTo(source).ReceiveAsync(source.Host, () => Request(HttpMethod.Get, source, null), target, received, cancellationToken);

    /// <summary>Sends one request for a range of the object at a URL.</summary>
    /// <inheritdoc cref="RangeSource.RequestAsync"/>
    public async Task ReceiveRangeAsync(
        PresignedUrl source,
        ByteRange range,
        Func<RangeHead, Stream> begin,
        Action<long> moved,
        CancellationToken time,
        CancellationToken stop)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, source, null);
        request.Headers.Range = new RangeHeaderValue(range.From, range.To - 1);
        await TransferTo(source).ReceiveRangeAsync(source.Host, request, begin, moved, time, stop).ConfigureAwait(false);
    }

    /// <summary>Runs requests to a host with retries, as long as bytes move.</summary>
    public Task RunAsync(Uri host, Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken) =>
        new FileTransfer(_options, _retrier, _http).RunAsync(
            host,
            _ => { },
            async (moved, time) =>
            {
                await attempt(moved, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public void Dispose()
    {
        _http.Dispose();
        _s3?.Http.Dispose();
    }

    private FileTransfer TransferTo(PresignedUrl target)
    {
        (HttpClient http, ConnectionOptions options) = _ignoresTls is not null && target.IsS3 ? S3(target) : (_http, _options);
        return new FileTransfer(options with { Redactor = target.Redacted(options.Redactor) }, _retrier, http);
    }

    private (HttpClient Http, ConnectionOptions Options) S3(PresignedUrl target)
    {
        lock (_gate)
        {
            if (_s3 is { } known)
                return known;
            var tls = S3Tls.FromEnvironment(new EnvironmentVariables(Environment.GetEnvironmentVariable));
            ConnectionOptions options = tls.Apply(_options);
            _s3 = (HttpTransport.CreateClient(HttpTransport.CreateHandler(options), options), options);
            if (tls.IsIgnored)
                _ignoresTls!(target);
            return _s3.Value;
        }
    }

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
