using System.Net;
using System.Net.Sockets;
using System.Text;
using Anovos.Mlflow.Databricks;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests requests of a browser, and of other programs on this machine, during a sign-in.</summary>
public sealed class LoginListenerTests : IDisposable
{
    private readonly LoginListener _listener = LoginListener.Start("the-state");

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task The_redirect_with_the_state_is_the_result_and_its_browser_gets_the_page()
    {
        Task<string> browser = SendAsync("GET /?code=a%2Bb+c&state=the-state HTTP/1.1");
        LoginRedirect redirect = await _listener.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("a+b c", null, null), (redirect.Code, redirect.Error, redirect.Description));

        await _listener.ShowAsync(200, LoginPage.SignedIn("w.example.com"));
        string response = await browser;
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", response, StringComparison.Ordinal);
        Assert.Contains("<h1>Signed in</h1>", response);
        Assert.Contains("Referrer-Policy: no-referrer", response);
        Assert.DoesNotContain("a+b", response);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1", 400)]
    [InlineData("GET /?code=x HTTP/1.1", 400)]
    [InlineData("GET /?code=x&state=other HTTP/1.1", 400)]
    [InlineData("GET /?code=x&state=the-stat HTTP/1.1", 400)]
    [InlineData("GET /?code=x&state=the-state&state=the-state HTTP/1.1", 400)]
    [InlineData("GET /?code=x&code=y&state=the-state HTTP/1.1", 400)]
    [InlineData("GET /?code=x&error=y&state=the-state HTTP/1.1", 400)]
    [InlineData("GET /?code=&state=the-state HTTP/1.1", 400)]
    [InlineData("GET /?state=the-state HTTP/1.1", 400)]
    [InlineData("GET /?error=access_denied&state=other HTTP/1.1", 400)]
    [InlineData("GET /favicon.ico HTTP/1.1", 404)]
    [InlineData("GET /callback?code=x&state=the-state HTTP/1.1", 404)]
    [InlineData("GET http://localhost/?code=x&state=the-state HTTP/1.1", 404)]
    [InlineData("POST /?code=x&state=the-state HTTP/1.1", 405)]
    [InlineData("HEAD /?code=x&state=the-state HTTP/1.1", 405)]
    [InlineData("GET /?code=x&state=the-state", 400)]
    [InlineData("\u0016\u0003\u0001\u0002 nonsense", 400)]
    public async Task A_request_that_does_not_belong_to_the_sign_in_is_refused_and_changes_nothing(string line, int status)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", await SendAsync(line), StringComparison.Ordinal);

        Task<string> browser = SendAsync("GET /?code=right&state=the-state HTTP/1.1");
        Assert.Equal("right", (await _listener.WaitAsync(TestContext.Current.CancellationToken)).Code);
        await _listener.ShowAsync(200, LoginPage.SignedIn("w"));
        Assert.Contains("Signed in", await browser);
    }

    [Fact]
    public async Task A_second_redirect_is_refused_while_the_first_waits_for_its_page()
    {
        Task<string> first = SendAsync("GET /?code=first&state=the-state HTTP/1.1");
        LoginRedirect redirect = await _listener.WaitAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 409 ", await SendAsync("GET /?code=second&state=the-state HTTP/1.1"), StringComparison.Ordinal);
        await _listener.ShowAsync(200, LoginPage.SignedIn("w"));
        Assert.StartsWith("HTTP/1.1 200 ", await first, StringComparison.Ordinal);
        Assert.Equal("first", redirect.Code);
    }

    [Fact]
    public async Task Connections_without_a_request_and_endless_heads_do_not_hold_it_up()
    {
        using var idle = await ConnectAsync(IPAddress.Loopback);
        Assert.Equal("", await SendAsync("GET / HTTP/1.1\r\nCookie: " + new string('x', 70_000)));
        Task<string> browser = SendAsync("GET /?code=c&state=the-state HTTP/1.1\r\nCookie: " + new string('x', 20_000));
        Assert.Equal("c", (await _listener.WaitAsync(TestContext.Current.CancellationToken)).Code);
        await _listener.ShowAsync(200, LoginPage.SignedIn("w"));
        Assert.StartsWith("HTTP/1.1 200 ", await browser, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_that_goes_away_does_not_hold_up_the_end()
    {
        using (TcpClient browser = await ConnectAsync(IPAddress.Loopback))
        {
            byte[] request = Encoding.ASCII.GetBytes("GET /?code=c&state=the-state HTTP/1.1\r\n\r\n");
            await browser.GetStream().WriteAsync(request, 0, request.Length, TestContext.Current.CancellationToken);
            await _listener.WaitAsync(TestContext.Current.CancellationToken);
        }

        await _listener.ShowAsync(200, LoginPage.SignedIn("w"));
    }

    [Fact]
    public void The_next_port_is_taken_where_one_is_in_use()
    {
        using LoginListener other = LoginListener.Start("other");
        Assert.InRange(_listener.Port, 8020, 8040);
        Assert.InRange(other.Port, 8020, 8040);
        Assert.NotEqual(_listener.Port, other.Port);
        Assert.Equal($"http://localhost:{other.Port}", other.RedirectUri);
    }

    [Fact]
    public void Without_a_free_port_the_error_names_the_ports()
    {
        var others = new List<LoginListener>();
        try
        {
            MlflowException e = Assert.Throws<MlflowException>(() =>
            {
                for (int i = 0; i < 21; i++)
                    others.Add(LoginListener.Start("other"));
            });
            Assert.Contains("8020 to 8040", e.Message);
        }
        finally
        {
            others.ForEach(other => other.Dispose());
        }
    }

    [Fact]
    public async Task It_listens_on_both_loopback_addresses_and_on_no_other()
    {
        (await ConnectAsync(IPAddress.Loopback)).Dispose();
        IPAddress[] others = [.. Dns.GetHostAddresses(Dns.GetHostName()).Where(address => !IPAddress.IsLoopback(address))];
        Assert.SkipWhen(others.Length == 0, "this machine has no address but loopback");
        foreach (IPAddress address in others)
            await Assert.ThrowsAnyAsync<SocketException>(() => ConnectAsync(address));
    }

    [Fact]
    public async Task It_listens_on_the_loopback_address_of_IPv6()
    {
        Assert.SkipWhen(!HasIPv6(), "this machine has no IPv6");
        (await ConnectAsync(IPAddress.IPv6Loopback)).Dispose();
    }

    [Fact]
    public async Task Cancelling_ends_the_wait()
    {
        using var stop = new CancellationTokenSource();
        Task<LoginRedirect> wait = _listener.WaitAsync(stop.Token);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public void Pages_show_everything_as_text()
    {
        string page = Encoding.UTF8.GetString(LoginPage.Response(400, LoginPage.Failed("w", "<script>alert('x')</script>\r\n\u001b[0m")));
        Assert.Contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;", page);
        Assert.DoesNotContain('\u001b', page);
        Assert.Contains("Content-Security-Policy: default-src 'none'", page);
    }

    private static bool HasIPv6()
    {
        try
        {
            var probe = new TcpListener(IPAddress.IPv6Loopback, 0);
            probe.Start();
            probe.Stop();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<TcpClient> ConnectAsync(IPAddress address)
    {
        var client = new TcpClient(address.AddressFamily);
        try
        {
            await client.ConnectAsync(address, _listener.Port);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async Task<string> SendAsync(string lines)
    {
        using TcpClient client = await ConnectAsync(IPAddress.Loopback);
        byte[] request = Encoding.ASCII.GetBytes(lines + "\r\nHost: localhost\r\n\r\n");
        try
        {
            await client.GetStream().WriteAsync(request, 0, request.Length, TestContext.Current.CancellationToken);
            using var response = new StreamReader(client.GetStream(), Encoding.UTF8);
            return await response.ReadToEndAsync();
        }
        catch (IOException)
        {
            return ""; // refused before the whole request was read
        }
    }
}
