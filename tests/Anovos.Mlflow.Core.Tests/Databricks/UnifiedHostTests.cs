using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests hosts that serve several workspaces, and the endpoints for their tokens.</summary>
public sealed class UnifiedHostTests : IAsyncLifetime
{
    private static readonly WorkspaceOptions Unified = new() { UnifiedWorkspaceId = "7405601234567890" };

    private SignInFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await SignInFixture.StartAsync(Unified);

    public async ValueTask DisposeAsync() => await _fixture.DisposeAsync();

    [Theory]
    [InlineData("DATABRICKS_WORKSPACE_ID", "7405601234567890")]
    [InlineData("DATABRICKS_HOST", "{host}/?w=7405601234567890")]
    [InlineData("DATABRICKS_HOST", "{host}/?o=7405601234567890")]
    [InlineData("DATABRICKS_HOST", "{host}/ml/experiments?o=7405601234567890#x")]
    [InlineData("DATABRICKS_HOST", "{host}/?workspace_id=7405601234567890")]
    [InlineData("DATABRICKS_HOST", "{host}/?o=1&w=7405601234567890")]
    public async Task The_requests_say_which_workspace_they_are_for(string variable, string value)
    {
        _fixture.Set("DATABRICKS_TOKEN", "dapi-personal");
        _fixture.Set(variable, value.Replace("{host}", _fixture.Host));
        Assert.Equal("pat from DATABRICKS_TOKEN", await _fixture.SignInAsync());
        Assert.All(_fixture.Server.Requests, request => Assert.Equal("7405601234567890", request.Headers["X-Databricks-Workspace-Id"]));
        Assert.All(_fixture.Server.Requests, request => Assert.Equal("7405601234567890", request.Headers["x-databricks-org-id"]));
    }

    [Fact]
    public async Task A_profile_has_the_workspace_and_the_CLI_s_word_for_none_is_none()
    {
        _fixture.Set("DATABRICKS_HOST", null);
        _fixture.Write(".databrickscfg", $"[a]\nhost = {_fixture.Host}\ntoken = dapi-personal\nworkspace_id = 7405601234567890\n"
            + $"[b]\nhost = {_fixture.Host}\ntoken = dapi-personal\nworkspace_id = none\n");
        Assert.StartsWith("pat from profile a", await _fixture.SignInAsync("databricks://a"));
        Assert.Contains("does not say which workspace", (await _fixture.FailAsync("databricks://b")).Message);
    }

    [Fact]
    public async Task OAuth_goes_where_the_host_says()
    {
        SetPrincipal();
        _fixture.Set("DATABRICKS_WORKSPACE_ID", "7405601234567890");
        Assert.Equal("oauth-m2m from DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET", await _fixture.SignInAsync());
        const string Account = "/oidc/accounts/account-1/";
        Assert.Equal(
            ["/.well-known/databricks-config", $"{Account}.well-known/oauth-authorization-server", $"{Account}v1/token"],
            _fixture.Server.Requests.Take(3).Select(request => request.Path));
    }

    [Fact]
    public async Task The_account_of_the_configuration_comes_before_that_of_the_host()
    {
        SetPrincipal();
        _fixture.Set("DATABRICKS_ACCOUNT_ID", "account-2");
        await _fixture.FailAsync();
        Assert.Equal("/oidc/accounts/account-2/.well-known/oauth-authorization-server", _fixture.Server.Requests[1].Path);
    }

    [Fact]
    public async Task A_token_that_is_there_needs_no_discovery()
    {
        _fixture.Set("DATABRICKS_TOKEN", "dapi-personal");
        _fixture.Set("DATABRICKS_WORKSPACE_ID", "7405601234567890");
        await _fixture.SignInAsync();
        Assert.All(_fixture.Server.Requests, request => Assert.StartsWith("/api/", request.Path));
    }

    [Theory]
    [InlineData(404, "")]
    [InlineData(401, """{"error_code": 401, "message": "Credential was not sent"}""")]
    [InlineData(503, "busy")]
    [InlineData(200, "<html></html>")]
    [InlineData(200, "[]")]
    [InlineData(200, """{"oidc_endpoint": null}""")]
    [InlineData(200, """{"oidc_endpoint": "/oidc/accounts/{account_id}"}""")]
    public async Task A_host_that_does_not_describe_itself_is_as_it_always_was(int status, string body)
    {
        await _fixture.DisposeAsync();
        _fixture = await SignInFixture.StartAsync();
        SetPrincipal();
        _fixture.Server.Faults.Add("GET", "/.well-known/databricks-config", Faults.Answer(status, body));
        Assert.Equal("oauth-m2m from DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET", await _fixture.SignInAsync());
        Assert.Equal("/oidc/.well-known/oauth-authorization-server", _fixture.Server.Requests[1].Path);
    }

    [Fact]
    public async Task A_discovery_URL_is_the_document_itself()
    {
        SetPrincipal();
        _fixture.Set("DATABRICKS_WORKSPACE_ID", "7405601234567890");
        _fixture.Set("DATABRICKS_DISCOVERY_URL", $"{_fixture.Host}/oidc/accounts/account-1/.well-known/oauth-authorization-server?x=1");
        _fixture.Server.Faults.Add("GET", "/.well-known/databricks-config", Faults.Answer(404, ""));
        await _fixture.SignInAsync();
        Assert.EndsWith("oauth-authorization-server?x=1", _fixture.Server.Requests[1].Path);
    }

    [Fact]
    public async Task A_secret_does_not_go_to_a_place_without_TLS()
    {
        SetPrincipal();
        _fixture.Set("DATABRICKS_DISCOVERY_URL", "http://example.com/.well-known/oauth-authorization-server");
        Assert.Contains("is not an https address", (await _fixture.FailAsync()).Message);
        _fixture.Set("DATABRICKS_DISCOVERY_URL", "example");
        Assert.Contains("DATABRICKS_DISCOVERY_URL is not an address", (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task The_scopes_of_the_profile_are_asked_for()
    {
        await _fixture.DisposeAsync();
        _fixture = await SignInFixture.StartAsync(new() { Scope = "files mlflow" });
        string secret = "client_id = principal\nclient_secret = dose-secret\n";
        _fixture.Set("DATABRICKS_HOST", null);
        string profile = $"host = {_fixture.Host}\n{secret}";
        _fixture.Write(".databrickscfg", $"[a]\n{profile}scopes = mlflow, files mlflow\n[b]\n{profile}");
        await _fixture.SignInAsync("databricks://a");
        Assert.Contains("invalid_scope", (await _fixture.FailAsync("databricks://b")).Message);
    }

    [Theory]
    [InlineData("https://h.example.com/?a=acc&w=ws", "https://h.example.com/", "ws", "acc")]
    [InlineData("h.example.com:443/path/?account_id=acc", "https://h.example.com/", null, "acc")]
    [InlineData("https://h.example.com/?o=abc", "https://h.example.com/", null, null)]
    [InlineData("https://h.example.com/?o=12%0d", "https://h.example.com/", null, null)]
    [InlineData("https://h.example.com/?w=&o=12", "https://h.example.com/", "12", null)]
    [InlineData("https://h.example.com/#?o=12", "https://h.example.com/", null, null)]
    public void The_query_of_a_host_holds_ids(string text, string address, string? workspace, string? account)
    {
        WorkspaceHost host = WorkspaceHost.Parse(text);
        Assert.Equal((address, workspace, account), (host.Address.ToString(), host.WorkspaceId, host.AccountId));
    }

    private void SetPrincipal()
    {
        _fixture.Set("DATABRICKS_CLIENT_ID", "principal");
        _fixture.Set("DATABRICKS_CLIENT_SECRET", "dose-secret");
    }
}
