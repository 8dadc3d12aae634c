using System.Net;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Reports;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests signing in with a browser: a real one, and for failures a client that follows redirects like one.</summary>
public sealed class BrowserLoginTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private readonly Variables _environment = [];
    private readonly TaskCompletionSource<(Uri Page, int Port)> _shown = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _client = new();
    private readonly Redactor _redactor = new();
    private TrackingServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await StartAsync(new());

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task In_Chromium_a_user_allows_it_and_the_browser_shows_that_PowerShell_is_signed_in()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        (ITrackingStore store, Task login) = Begin();
        using (store)
        {
            (Uri page, int port) = await _shown.Task.WaitAsync(Cancellation);
            await browser.OpenAsync(page.AbsoluteUri);
            Assert.Equal("Sign in", await browser.EvaluateAsync<string>("document.title"));
            await browser.DoAsync("document.querySelector('[value=allow]').click()");
            await login;
            await browser.UntilAsync("document.title === 'Signed in' && document.readyState === 'complete'");

            string text = await browser.EvaluateAsync<string>("document.querySelector('p').innerText");
            Assert.Equal("PowerShell is signed in to 127.0.0.1. You can close this page.", text);
            Assert.Equal($"http://localhost:{port}", await browser.EvaluateAsync<string>("location.origin"));
            Assert.Equal("rgb(0, 0, 0)", await browser.EvaluateAsync<string>("getComputedStyle(document.body).color"));
            Assert.Empty(browser.Errors);
            await ListAsync(store);
        }

        string verifier = Form("/oidc/v1/token")["code_verifier"]!;
        Assert.InRange(verifier.Length, 43, 128);
        Assert.DoesNotContain(browser.Requests, request => request.Contains(verifier));
    }

    [Fact]
    public async Task In_Chromium_a_user_denies_it_and_both_sides_say_so()
    {
        await StartAsync(new() { Denial = "<b id=x>not</b> allowed" });
        await using BrowserPage browser = await chromium.OpenPageAsync();
        (ITrackingStore store, Task login) = Begin();
        using (store)
        {
            (Uri page, _) = await _shown.Task.WaitAsync(Cancellation);
            await browser.OpenAsync(page.AbsoluteUri);
            await browser.DoAsync("document.querySelector('[value=deny]').click()");
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => login);
            Assert.Equal("127.0.0.1 did not sign you in (access_denied): <b id=x>not</b> allowed.", e.Message);
            Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);

            await browser.UntilAsync("document.title === 'Not signed in' && document.readyState === 'complete'");
            string text = await browser.EvaluateAsync<string>("document.querySelector('p').innerText");
            Assert.Contains("(access_denied): <b id=x>not</b> allowed", text);
            Assert.False(await browser.EvaluateAsync<bool>("!!document.getElementById('x')"));
        }
    }

    [Fact]
    public async Task The_token_is_replaced_with_the_refresh_token_when_it_expires_and_each_is_used_once()
    {
        await StartAsync(new() { Decision = "allow" });
        using ITrackingStore store = await SignInAsync();
        for (int i = 0; i < 3; i++)
        {
            await ListAsync(store);
            _server.Workspace!.ExpireTokens();
        }

        await ListAsync(store);
        Assert.Equal(["authorization_code", "refresh_token", "refresh_token", "refresh_token"], Grants());
        ConnectionReport report = await ConnectionReport.OfAsync(store, Cancellation);
        Assert.Equal("external-browser from -Interactive for 127.0.0.1", report.Identity);
        Assert.Contains("pat: auth_type is external-browser", report.IdentityNotUsed);
    }

    [Fact]
    public async Task A_sign_in_that_was_ended_asks_for_another_one()
    {
        await StartAsync(new() { Decision = "allow" });
        using ITrackingStore store = await SignInAsync();
        _server.Workspace!.ExpireTokens();
        _server.Workspace.EndSignIns();
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ListAsync(store));
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("Refresh token is invalid. Sign in again with Connect-Mlflow -Interactive.", e.Message);
    }

    [Fact]
    public async Task Without_a_refresh_token_the_sign_in_lasts_as_long_as_its_token()
    {
        await StartAsync(new() { Decision = "allow", GivesRefreshTokens = false });
        using ITrackingStore store = await SignInAsync();
        await ListAsync(store);
        _server.Workspace!.ExpireTokens();
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => ListAsync(store));
        Assert.Contains("has ended: the workspace returned no refresh token. Sign in again", e.Message);
    }

    [Fact]
    public async Task A_workspace_that_takes_the_code_badly_is_shown_in_the_browser_too()
    {
        await StartAsync(new() { Decision = "allow" });
        const string Refusal = """{"error": "invalid_grant", "error_description": "The code is <old>"}""";
        _server.Faults.Add("POST", "/oidc/v1/token", Faults.Answer(400, Refusal));
        (ITrackingStore store, Task login) = Begin();
        using (store)
        {
            Uri page = (await _shown.Task.WaitAsync(Cancellation)).Page;
            using HttpResponseMessage response = await _client.GetAsync(page, Cancellation);
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => login);
            Assert.Contains("invalid_grant): The code is <old>", e.Message);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            string shown = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.Contains("The code is &lt;old&gt;", shown);
            AssertNoSecret(e.ToString() + shown);
        }
    }

    [Fact]
    public async Task Nothing_else_signs_in_where_a_browser_is_asked_for()
    {
        _environment["DATABRICKS_TOKEN"] = "dapi-other";
        _environment["DATABRICKS_CLIENT_ID"] = "principal";
        _environment["DATABRICKS_CLIENT_SECRET"] = "dose-secret";
        await StartAsync(new() { Decision = "allow" });
        using ITrackingStore store = await SignInAsync();
        await ListAsync(store);
        Assert.Equal("databricks-cli", Form("/oidc/v1/token")["client_id"]);
        Assert.Equal($"Bearer {Assert.Single(_server.Workspace!.IssuedTokens)}", _server.Requests.Last().Headers["Authorization"]);
    }

    [Fact]
    public async Task A_profile_says_which_workspace_of_a_unified_host_and_which_scopes()
    {
        using var folder = new TemporaryFolder();
        await StartAsync(new() { Decision = "allow", UnifiedWorkspaceId = "42", Scope = "mlflow" });
        string file = Path.Combine(folder.FullPath, "databrickscfg");
        await File.WriteAllTextAsync(file, $"[prod]\nhost = {_server.Uri}?w=42\nscopes = mlflow\ntoken = dapi-other\n", Cancellation);
        _environment["DATABRICKS_HOST"] = null;
        _environment["DATABRICKS_CONFIG_FILE"] = file;
        using ITrackingStore store = await SignInAsync("databricks://prod");
        await ListAsync(store);
        RecordedRequest last = _server.Requests.Last();
        Assert.Equal("42", last.Headers["X-Databricks-Workspace-Id"]);
        Assert.Equal($"Bearer {Assert.Single(_server.Workspace!.IssuedTokens)}", last.Headers["Authorization"]);
    }

    [Theory]
    [InlineData("databricks://scope:prefix")]
    [InlineData("sqlite:///x.db")]
    public void A_store_that_brings_its_own_credentials_or_needs_none_is_refused(string uri)
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/");
        var login = new BrowserLogin((_, _) => { });
        MlflowException e = Assert.Throws<MlflowException>(() => target.Complete(new(), _environment.Read, null, login: login));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
    }

    [Fact]
    public async Task Nobody_there_ends_after_the_limit()
    {
        (ITrackingStore store, Task login) = Begin(TimeSpan.FromMilliseconds(30));
        using (store)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => login);
            Assert.Contains("Nobody signed in to 127.0.0.1 within", e.Message);
        }

        Assert.Equal(TimeSpan.FromMinutes(5), new BrowserLogin((_, _) => { }).Limit);
    }

    [Fact]
    public async Task Cancelling_ends_it_and_frees_the_port()
    {
        using var stop = new CancellationTokenSource();
        (ITrackingStore store, Task login) = Begin(stop: stop.Token);
        using (store)
        {
            int port = (await _shown.Task.WaitAsync(Cancellation)).Port;
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => login);
            await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetAsync(new Uri($"http://127.0.0.1:{port}/"), Cancellation));
        }
    }

    [Fact]
    public async Task A_page_to_sign_in_on_that_is_not_secure_is_not_opened()
    {
        string token = new Uri(_server.Uri, "oidc/v1/token").ToString();
        string found = $$"""{"authorization_endpoint": "http://w.example.com/authorize", "token_endpoint": "{{token}}"}""";
        _server.Faults.Add("GET", "*oauth-authorization-server", Faults.Answer(200, found));
        (ITrackingStore store, Task login) = Begin();
        using (store)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => login);
            Assert.Contains("http://w.example.com/authorize is not an https address", e.Message);
        }

        Assert.False(_shown.Task.IsCompleted);
    }

    [Fact]
    public async Task No_secret_is_in_any_text()
    {
        await StartAsync(new() { Decision = "allow" });
        using ITrackingStore store = await SignInAsync();
        await ListAsync(store);
        _server.Workspace!.ExpireTokens();
        await ListAsync(store);
        string all = $"{store} {((RestStore)store).Api.Options} {(await _shown.Task.WaitAsync(Cancellation)).Page} "
            + string.Join(" ", (await ConnectionReport.OfAsync(store, Cancellation)).IdentityNotUsed);
        AssertNoSecret(all);

        // Also if a server quotes a secret.
        string secrets = string.Join(" ", _server.Workspace.BrowserSecrets.Concat(_server.Workspace.IssuedTokens));
        AssertNoSecret(_redactor.Clean(secrets));
    }

    [Theory]
    [InlineData("TF_BUILD=True", true, "a job of Azure Pipelines", "azure-devops-oidc")]
    [InlineData("GITHUB_ACTIONS=true", true, "a job of GitHub Actions", "github-oidc")]
    [InlineData("CI=true", true, "CI is set", "oauth-m2m")]
    [InlineData("CI=1", true, "CI is set", "oauth-m2m")]
    [InlineData("DATABRICKS_RUNTIME_VERSION=16.4", true, "a Databricks cluster", "DATABRICKS_TOKEN")]
    [InlineData("X=1", false, "not interactive", "-Token")]
    public void Where_nobody_is_there_the_error_names_another_way(string variable, bool hasUser, string where, string instead)
    {
        _environment[variable.Split('=')[0]] = variable.Split('=')[1];
        MlflowException e = Assert.Throws<MlflowException>(() => BrowserLogin.ThrowIfUnattended(_environment.Read, hasUser));
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains(where, e.Message);
        Assert.Contains(instead, e.Message);
    }

    [Fact]
    public void With_a_user_there_it_goes_on()
    {
        _environment["CI"] = "false";
        BrowserLogin.ThrowIfUnattended(_environment.Read, hasUser: true);
    }

    [Fact]
    public void It_is_for_workspaces_and_nothing_signs_in_with_it_unasked()
    {
        TrackingTarget server = TrackingTarget.Parse("https://mlflow.example.com", "/");
        var login = new BrowserLogin((_, _) => { });
        MlflowException e = Assert.Throws<MlflowException>(() => server.Complete(new(), _environment.Read, null, login: login));
        Assert.Contains("https://mlflow.example.com does not name one", e.Message);

        _environment["DATABRICKS_AUTH_TYPE"] = "external-browser";
        e = Assert.Throws<MlflowException>(() => TrackingTarget.Parse("databricks", "/").Complete(new(), _environment.Read, null));
        Assert.Contains("external-browser: it needs Connect-Mlflow -Interactive", e.Message);
    }

    private async Task StartAsync(WorkspaceOptions options)
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _server = await TrackingServer.StartAsync(new() { Workspace = options });
        _environment["DATABRICKS_HOST"] = _server.Uri.ToString();
    }

    private (ITrackingStore Store, Task Login) Begin(
        TimeSpan? limit = null, CancellationToken? stop = null, string uri = "databricks")
    {
        var login = new BrowserLogin((page, port) => _shown.TrySetResult((page, port))) { Limit = limit ?? TimeSpan.FromMinutes(5) };
        TrackingTarget target = TrackingTarget.Parse(uri, "/");
        ConnectionOptions options = new ConnectionOptions { Retry = RetryPolicy.None, Redactor = _redactor };
        ITrackingStore store = TrackingStores.Open(target, target.Complete(options, _environment.Read, null, login: login));
        return (store, login.SignInAsync(stop ?? Cancellation));
    }

    private async Task<ITrackingStore> SignInAsync(string uri = "databricks")
    {
        (ITrackingStore store, Task login) = Begin(uri: uri);
        Uri page = (await _shown.Task.WaitAsync(Cancellation)).Page;
        using HttpResponseMessage response = await _client.GetAsync(page, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await login;
        return store;
    }

    private static Task ListAsync(ITrackingStore store) => store.SearchExperimentsAsync(new ExperimentSearch(), null, Cancellation);

    private System.Collections.Specialized.NameValueCollection Form(string path) =>
        System.Web.HttpUtility.ParseQueryString(_server.Requests.First(request => request.Path == path).BodyText);

    private string[] Grants() =>
    [
        .. _server.Requests.Where(request => request.Path == "/oidc/v1/token")
            .Select(request => System.Web.HttpUtility.ParseQueryString(request.BodyText)["grant_type"]!),
    ];

    private void AssertNoSecret(string text)
    {
        string[] secrets =
        [
            .. _server.Workspace!.BrowserSecrets, .. _server.Workspace.IssuedTokens,
            .. _server.Requests.Where(request => request.Path == "/oidc/v1/token")
                .Select(request => System.Web.HttpUtility.ParseQueryString(request.BodyText)["code_verifier"]).OfType<string>(),
        ];
        Assert.NotEmpty(secrets);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, text));
    }
}
