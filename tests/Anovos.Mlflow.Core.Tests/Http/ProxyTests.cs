using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests proxies that require passwords: each gets its own, and no error shows one.</summary>
public sealed class ProxyTests : IDisposable
{
    private const string HttpPassword = "http-pässwörd", HttpsPassword = "https-p@ss#w/rd";

    private readonly RefusingProxy _http = new();
    private readonly RefusingProxy _https = new();

    [Theory]
    [InlineData("http", "ada:http-pässwörd")]
    [InlineData("https", "bob:https-p@ss#w/rd")]
    public async Task The_proxy_of_each_scheme_gets_its_own_password_only(string scheme, string expected)
    {
        await FailAsync(scheme, Options(_http, _https));
        (RefusingProxy asked, RefusingProxy other) = scheme == "http" ? (_http, _https) : (_https, _http);
        Assert.All(asked.Credentials, credentials => Assert.Equal(expected, credentials));
        Assert.NotEmpty(asked.Credentials);
        Assert.Empty(other.Methods);
    }

    [Theory]
    [InlineData("http", "ada:http-pässwörd")]
    [InlineData("https", "bob:https-p@ss#w/rd")]
    public async Task One_proxy_may_have_a_user_for_each_scheme(string scheme, string expected)
    {
        await FailAsync(scheme, Options(_http, _http));
        Assert.NotEmpty(_http.Credentials);
        Assert.All(_http.Credentials, credentials => Assert.Equal(expected, credentials));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_407_names_the_proxy_and_shows_no_password(string scheme)
    {
        MlflowException e = await FailAsync(scheme, Options(_http, _https));
        Assert.Contains("407", e.Message);
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            Assert.All(new[] { inner.ToString(), inner.Message }, Hidden);
            Assert.All(inner.Data.Values.Cast<object?>(), value => Hidden($"{value}"));
        }

        (RefusingProxy proxy, string variable) = scheme == "http" ? (_http, "HTTP_PROXY") : (_https, "HTTPS_PROXY");
        Assert.Contains($"The proxy http://{proxy.Authority} in front of {scheme}://mlflow.invalid rejected its user and password (407). "
            + $"Correct them in {variable}, as http://user:password@host:port", e.Message);
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.False(e.IsTransient);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_407_to_a_proxy_without_credentials_says_to_set_some(string scheme)
    {
        MlflowException e = await FailAsync(scheme, new ConnectionOptions
        {
            HttpProxy = $"http://{_http.Authority}",
            HttpsProxy = $"http://{_http.Authority}",
        });
        Assert.Contains($"The proxy http://{_http.Authority} in front of {scheme}://mlflow.invalid requires credentials (407). "
            + $"Set a user and password in {scheme.ToUpperInvariant()}_PROXY, as http://user:password@host:port", e.Message);
    }

    [Fact]
    public async Task A_file_that_a_proxy_refuses_says_so_too()
    {
        // Plain http: the 407 is a response to the upload itself.
        using var api = new RestApi(new Uri("http://mlflow.invalid/"), Options(_http, _https) with { Retry = RetryPolicy.None });
        using var artifacts = new ProxiedArtifactStore(api, new Uri($"http://mlflow.invalid/{ProxiedArtifactStore.Endpoint}/1"), ownsApi: false);
        using var file = new TemporaryFile("content");
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => artifacts.SendAsync(new FileSource(new FileInfo(file.Path)), "a.txt", _ => { }, default));
        Assert.Contains($"The proxy http://{_http.Authority} in front of http://mlflow.invalid rejected", e.Message);
        Assert.True(e.EndsTransfer());
        Hidden(e.ToString());
    }

    [Theory]
    [InlineData("ALL_PROXY")]
    [InlineData("all_proxy")]
    public async Task The_variable_for_all_schemes_is_read_too(string variable)
    {
        string address = $"http://bob:{HttpsPassword}@{_https.Authority}";
        MlflowException e = await FailAsync("https", ConnectionOptions.FromEnvironment(name => name == variable ? address : null, home: null));
        Assert.Contains("bob:" + HttpsPassword, _https.Credentials);
        Hidden(e.ToString());
    }

    [Fact]
    public void A_password_that_looks_like_a_path_or_a_port_is_not_shown_as_part_of_the_address()
    {
        foreach (string password in new[] { "12#34", "12/34", "a@b", "a?b", "12" })
        {
            var options = new ConnectionOptions { HttpProxy = $"http://user:{password}@proxy:3128" };
            Assert.Equal("http://proxy:3128", EnvironmentProxy.AddressFor(new Uri("http://mlflow.corp/"), options));
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _https.Dispose();
    }

    private static ConnectionOptions Options(RefusingProxy http, RefusingProxy https) => new()
    {
        HttpProxy = $"http://ada:{HttpPassword}@{http.Authority}",
        HttpsProxy = $"http://bob:{HttpsPassword}@{https.Authority}",
    };

    private static void Hidden(string text)
    {
        foreach (string secret in new[] { HttpPassword, HttpsPassword, Uri.EscapeDataString(HttpPassword), Uri.EscapeDataString(HttpsPassword) })
            Assert.DoesNotContain(secret, text);
    }

    private static async Task<MlflowException> FailAsync(string scheme, ConnectionOptions options)
    {
        using var store = new RestStore(new Uri($"{scheme}://mlflow.invalid/"), options with { Retry = RetryPolicy.None });
        return await Assert.ThrowsAsync<MlflowException>(() => store.SearchExperimentsAsync(new ExperimentSearch(), null, default));
    }
}
