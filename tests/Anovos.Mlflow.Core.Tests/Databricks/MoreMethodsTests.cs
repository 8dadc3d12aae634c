using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests GitHub Actions, a metadata service, a cluster's environment, and methods that this module does not support.</summary>
public sealed class MoreMethodsTests : IAsyncLifetime
{
    private SignInFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await SignInFixture.StartAsync();

    public async ValueTask DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task GitHub_Actions_needs_no_secret()
    {
        SetGitHub();
        Assert.Equal("github-oidc from DATABRICKS_CLIENT_ID", await _fixture.SignInAsync());
        RecordedRequest asked = Assert.Single(
            _fixture.Server.Requests, request => request.Path.StartsWith("/github", StringComparison.Ordinal));
        Assert.EndsWith($"&audience={Uri.EscapeDataString($"{_fixture.Host}/oidc/v1/token")}", asked.Path);
    }

    [Theory]
    [InlineData("DATABRICKS_TOKEN_AUDIENCE", "my audience", "my audience")]
    [InlineData(null, """{"token_federation_default_oidc_audiences": ["the host's", "x"], "account_id": "a"}""", "the host's")]
    [InlineData(null, """{"account_id": "account-1"}""", "account-1")]
    public async Task The_audience_is_the_one_that_the_federation_policy_has(string? variable, string value, string audience)
    {
        await _fixture.DisposeAsync();
        _fixture = await SignInFixture.StartAsync(new() { GitHubAudience = audience });
        SetGitHub();
        if (variable is null)
            _fixture.Server.Faults.Add("GET", "/.well-known/databricks-config", Faults.Answer(200, value));
        else
            _fixture.Set(variable, value);
        Assert.Equal("github-oidc from DATABRICKS_CLIENT_ID", await _fixture.SignInAsync());
    }

    [Fact]
    public async Task A_job_of_GitHub_Actions_without_the_permission_is_told_which()
    {
        SetGitHub();
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", null);
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("github-oidc: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set", e.Message);
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush-wrong");
        e = await _fixture.FailAsync();
        Assert.Contains("/github/oidctoken issued no token (401): Unauthorized", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
        _fixture.Server.Faults.Add("GET", "/github*", Faults.Answer(200, "{}"));
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "github-job-token");
        Assert.Contains("permissions: id-token: write", (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task A_metadata_service_of_this_machine_signs_in()
    {
        _fixture.Set("DATABRICKS_METADATA_SERVICE_URL", $"{_fixture.Host}/metadata-service");
        Assert.Equal("metadata-service from DATABRICKS_METADATA_SERVICE_URL", await _fixture.SignInAsync());
    }

    [Theory]
    [InlineData("""{"token_type": "Bearer", "expires_on": 4102444800}""", "returned no token")]
    [InlineData("""{"access_token": "hush-token", "token_type": "Bearer"}""", "when its token expires")]
    [InlineData("""{"access_token": "hush-token", "expires_on": ""}""", "when its token expires")]
    [InlineData("""{"access_token": "hush-token", "expires_on": null}""", "when its token expires")]
    public async Task A_metadata_service_that_gives_no_token_is_an_error(string body, string error)
    {
        _fixture.Set("DATABRICKS_METADATA_SERVICE_URL", $"{_fixture.Host}/metadata-service");
        _fixture.Server.Faults.Add("GET", "/metadata-service", Faults.Answer(200, body));
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains(error, e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    [Fact]
    public async Task A_metadata_service_of_another_workspace_or_machine_gives_nothing()
    {
        _fixture.Set("DATABRICKS_METADATA_SERVICE_URL", $"{_fixture.Host}/metadata-service/hush-path");
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("issued no token", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
        _fixture.Set("DATABRICKS_METADATA_SERVICE_URL", "https://metadata.example.com/token");
        Assert.Contains("names metadata.example.com, but a metadata service must be on this machine", (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task A_cluster_whose_environment_has_host_and_token_is_signed_in()
    {
        _fixture.Set("DATABRICKS_AUTH_TYPE", "runtime");
        Assert.Contains("runtime: DATABRICKS_TOKEN (token) is not set", (await _fixture.FailAsync()).Message);
        _fixture.Set("DATABRICKS_TOKEN", "dapi-personal");
        Assert.Contains("this is not a Databricks cluster", (await _fixture.FailAsync()).Message);
        _fixture.Set("DATABRICKS_RUNTIME_VERSION", "17.3");
        Assert.Equal("runtime from DATABRICKS_TOKEN", await _fixture.SignInAsync());
        _fixture.Set("DATABRICKS_AUTH_TYPE", null);
        Assert.Equal("pat from DATABRICKS_TOKEN", await _fixture.SignInAsync());
    }

    [Theory]
    [InlineData("basic")]
    [InlineData("google-credentials")]
    [InlineData("google-id")]
    public async Task A_method_that_only_Databricks_has_is_named_as_such(string method)
    {
        _fixture.Set("DATABRICKS_AUTH_TYPE", method);
        MlflowException e = await _fixture.FailAsync();
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Contains($"is '{method}': Databricks supports it, but this module does not. Use one of pat, oauth-m2m", e.Message);
    }

    [Theory]
    [InlineData("DATABRICKS_USERNAME", "basic")]
    [InlineData("DATABRICKS_GOOGLE_SERVICE_ACCOUNT", "google")]
    [InlineData("GOOGLE_CREDENTIALS", "google")]
    public async Task Settings_of_such_a_method_are_named_where_there_are_no_others(string variable, string family)
    {
        _fixture.Set(variable, "hush-value");
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains($"is configured. {family}: Databricks supports it, but this module does not; pat: ", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    private void SetGitHub()
    {
        _fixture.Set("DATABRICKS_CLIENT_ID", "principal");
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_URL", $"{_fixture.Host}/github/oidctoken?api-version=2");
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "github-job-token");
    }
}
