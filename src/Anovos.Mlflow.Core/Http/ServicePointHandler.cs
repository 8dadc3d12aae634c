#if !NET
using System.Net;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Changes .NET Framework's settings per host: a limit of two connections, <c>Expect: 100-continue</c>, which costs each POST a round
/// trip, and Nagle's algorithm, which delays the end of each request. It changes only hosts that are used here, not process defaults.
/// </summary>
internal sealed class ServicePointHandler(HttpClientHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Changes the settings for the host of an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="proxy">The proxy of the handler; null for the system's.</param>
    public static void Prepare(Uri address, IWebProxy? proxy)
    {
        // The settings of idle hosts are discarded, so this is repeated for each request.
        ServicePoint host = ServicePointManager.FindServicePoint(address, proxy ?? WebRequest.DefaultWebProxy);
        host.Expect100Continue = false;
        host.UseNagleAlgorithm = false;
        if (host.ConnectionLimit < HttpTransport.ConnectionsPerServer)
            host.ConnectionLimit = HttpTransport.ConnectionsPerServer;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Prepare(request.RequestUri!, inner.Proxy);
        request.Headers.ExpectContinue = false;
        return base.SendAsync(request, cancellationToken);
    }
}
#endif
