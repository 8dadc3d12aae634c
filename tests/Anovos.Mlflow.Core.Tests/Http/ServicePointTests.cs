#if !NET
using System.Net;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>
/// Tests .NET Framework's settings per host. HttpWebRequest, which uses them, does not run in these tests on Mono, because Mono's
/// HttpClient has another handler.
/// </summary>
public class ServicePointTests
{
    [Fact]
    public void A_host_that_is_used_gets_connections_and_loses_waits_and_no_other_does()
    {
        int limit = ServicePointManager.DefaultConnectionLimit;
        bool expects = ServicePointManager.Expect100Continue, nagle = ServicePointManager.UseNagleAlgorithm;
        var ours = new Uri("https://mlflow.example.com/api/2.0/mlflow/runs/create");
        ServicePoint other = ServicePointManager.FindServicePoint(new Uri("https://other.example.com/"));
        int otherLimit = other.ConnectionLimit;

        ServicePointHandler.Prepare(ours, proxy: null);

        ServicePoint host = ServicePointManager.FindServicePoint(ours);
        Assert.Equal((false, false, HttpTransport.ConnectionsPerServer),
            (host.Expect100Continue, host.UseNagleAlgorithm, host.ConnectionLimit));
        Assert.Equal((limit, expects, nagle),
            (ServicePointManager.DefaultConnectionLimit, ServicePointManager.Expect100Continue, ServicePointManager.UseNagleAlgorithm));
        Assert.Equal((expects, nagle, otherLimit), (other.Expect100Continue, other.UseNagleAlgorithm, other.ConnectionLimit));
    }

    [Fact]
    public async Task A_request_does_not_ask_whether_to_continue()
    {
        var seen = new List<bool?>();
        using var handler = new HttpClientHandler { Proxy = new WebProxy("http://127.0.0.1:1"), UseProxy = true };
        using var client = new HttpClient(new Watch(new ServicePointHandler(handler), seen));
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://mlflow.example.com/") { Content = new StringContent("{}") };
        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request, TestContext.Current.CancellationToken));
        Assert.Equal([false], seen);
        Assert.Equal(HttpTransport.ConnectionsPerServer,
            ServicePointManager.FindServicePoint(request.RequestUri, handler.Proxy).ConnectionLimit);
    }

    private sealed class Watch(HttpMessageHandler inner, List<bool?> seen) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            finally
            {
                seen.Add(request.Headers.ExpectContinue);
            }
        }
    }
}
#endif
