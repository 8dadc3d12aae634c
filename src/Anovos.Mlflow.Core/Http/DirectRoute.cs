using System.Collections.Concurrent;

namespace Anovos.Mlflow.Http;

/// <summary>
/// The direct route to the bucket behind a server, bypassing the server. Each connection has one. Once it is closed, no transfer of
/// this session tries it again.
/// </summary>
/// <param name="options">How the server is reached.</param>
internal sealed class DirectRoute(ConnectionOptions options)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Task<string?>> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _said = new(StringComparer.Ordinal);
    private int _closed;

    /// <summary>The URLs of the parts of unfinished uploads. They are secrets, so they are kept here and not on disk.</summary>
    public ConcurrentDictionary<string, IReadOnlyList<PresignedUrl>> Parts { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether all transfers must go through the server.</summary>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>Closes the route. Returns true the first time, when the user must be warned.</summary>
    public bool Close() => Interlocked.Exchange(ref _closed, 1) == 0;

    /// <summary>Whether a warning is new in this session.</summary>
    public bool IsNew(string warning) => _said.TryAdd(warning, true);

    /// <summary>Warns once in this session that the certificate of a URL's host is not checked.</summary>
    public void WarnOfIgnoredTls(PresignedUrl url, Action<string> warn)
    {
        string warning = S3Tls.Warning(url.Host.Authority);
        if (IsNew(warning))
            warn(warning);
    }

    /// <summary>Returns why a host cannot be reached within three seconds; null if it can. Each host is probed once.</summary>
    /// <param name="url">A URL of the host.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async Task<string?> WhyUnreachableAsync(PresignedUrl url, CancellationToken cancellationToken)
    {
        Task<string?> probe = _hosts.GetOrAdd(url.ToString(), _ => ProbeAsync(url));
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(probe, Task.Delay(Timeout.Infinite, wait.Token)).ConfigureAwait(false);
        wait.Cancel();
        cancellationToken.ThrowIfCancellationRequested();
        return await probe.ConfigureAwait(false);
    }

    // Any response will do: a bucket refuses a request without a signature.
    private async Task<string?> ProbeAsync(PresignedUrl url)
    {
        Uri host = url.Host;
        ConnectionOptions others = options.ForOtherHosts();
        if (url.IsS3)
            others = S3Tls.FromEnvironment(new EnvironmentVariables(Environment.GetEnvironmentVariable)).Apply(others);
        using HttpClient http = HttpTransport.CreateClient(HttpTransport.CreateHandler(others with { FollowRedirects = false }), others);
        using var time = new CancellationTokenSource(Patience);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, host);
            using HttpResponseMessage response = await http.SendAsync(request, time.Token).ConfigureAwait(false);
            bool isFromProxy = Failures.IsFromGateway((int)response.StatusCode) && EnvironmentProxy.AddressFor(host, others) is not null;
            return isFromProxy ? $"The proxy in front of {host.Authority} returned {(int)response.StatusCode}." : null;
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException or MlflowException)
        {
            if (e is MlflowException { Kind: ErrorKind.NotAnMlflowServer })
                return null; // It responded with a redirect.
            return time.IsCancellationRequested
                ? $"{host.Authority} did not respond within {Patience.TotalSeconds} seconds."
                : options.Redactor.Clean(ConnectionErrors.OfBucket(e, url) + ".");
        }
    }
}
