using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests signing in to a workspace on Azure, with the complete and incomplete output of Azure's tools.</summary>
public sealed class AzureSignInTests : IAsyncLifetime
{
    private const string Databricks = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d";
    private const string Command = $"account get-access-token --resource {Databricks} --output json";
    private const string ResourceId = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";
    private const string Later = "\"expires_on\": 4102444800";

    private SignInFixture _fixture = null!;

    public async ValueTask InitializeAsync() => await StartAsync(new WorkspaceOptions { RedirectsToTenant = true });

    public async ValueTask DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task The_tenant_of_a_service_principal_is_the_one_that_the_workspace_redirects_to()
    {
        SetPrincipal();
        Assert.Equal("azure-client-secret from ARM_CLIENT_ID, ARM_CLIENT_SECRET", await _fixture.SignInAsync());
        Assert.Contains(_fixture.Server.Requests, request => request.Path == "/tenant-1/oauth2/v2.0/token");
    }

    [Fact]
    public async Task A_tenant_that_is_set_is_not_looked_for()
    {
        SetPrincipal();
        _fixture.Set("ARM_TENANT_ID", "tenant-1");
        Assert.Equal("azure-client-secret from ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID", await _fixture.SignInAsync());
        Assert.DoesNotContain(_fixture.Server.Requests, request => request.Path == "/aad/auth");
    }

    [Fact]
    public async Task A_workspace_that_names_no_tenant_leads_to_the_variable()
    {
        await StartAsync(new WorkspaceOptions());
        SetPrincipal();
        Assert.Contains("Set ARM_TENANT_ID (azure_tenant_id)", (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task The_CLI_is_given_the_tenant_of_the_workspace()
    {
        WriteAz("exit 1", Later);
        Assert.Equal("azure-cli", await _fixture.SignInAsync());
        Assert.Equal(["account show --output json", $"{Command} --tenant tenant-1"], _fixture.Calls);
    }

    [Theory]
    [InlineData("systemAssignedIdentity")]
    [InlineData("userAssignedIdentity")]
    public async Task The_CLI_of_a_managed_identity_is_given_no_tenant(string name)
    {
        _fixture.Set("ARM_TENANT_ID", "tenant-1");
        WriteAz($$$"""echo '{"user": {"name": "{{{name}}}", "type": "servicePrincipal"}}'; exit""", Later);
        Assert.Equal("azure-cli", await _fixture.SignInAsync());
        Assert.Equal(Command, _fixture.Calls[1]);
    }

    [Fact]
    public async Task A_subscription_that_is_not_visible_is_left_out()
    {
        _fixture.Set("DATABRICKS_AZURE_RESOURCE_ID", ResourceId);
        WriteAz("exit 1", Later, "case \"$*\" in *--subscription*) echo \"ERROR: 's-1' doesn't exist\" >&2; exit 1;; esac");
        Assert.Equal("azure-cli", await _fixture.SignInAsync());
        string[] expected = [$"{Command} --subscription s-1", "account show --output json", $"{Command} --tenant tenant-1"];
        Assert.Equal(expected, _fixture.Calls.Take(3));
    }

    [Theory]
    [InlineData("\"expires_on\": null, \"expiresOn\": \"2099-12-31 23:59:59.000000\"")]
    [InlineData("\"expires_on\": \"4102444800\"")]
    [InlineData("\"expires_on\": \"2099-12-31T23:59:59Z\"")]
    [InlineData("\"expires_on\": \"\", \"expiresOn\": \"2099-12-31T23:59:59\"")]
    [InlineData("\"expiresOn\": \"4102444800\"")]
    [InlineData("\"expires_on\": {}, \"expiresOn\": \"2099-12-31 23:59:59\"")]
    public async Task A_date_that_is_null_or_text_is_read(string end)
    {
        WriteAz("exit 1", end);
        Assert.Equal("azure-cli", await _fixture.SignInAsync());
    }

    [Theory]
    [InlineData("\"expires_on\": null, \"expiresOn\": null")]
    [InlineData("\"expires_on\": \"soon\"")]
    [InlineData("\"tokenType\": \"Bearer\"")]
    public async Task A_token_without_a_date_is_an_error_that_does_not_show_it(string end)
    {
        WriteAz("exit 1", end);
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("printed something other than a token", e.Message);
        Assert.All(_fixture.Server.Workspace!.IssuedTokens, token => Assert.DoesNotContain(token, e.ToString()));
    }

    [Fact]
    public async Task A_warning_before_the_error_is_not_the_error()
    {
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        _fixture.WriteProgram("az", """
            echo 'WARNING: You are using cryptography on a 32-bit Python' >&2
            echo 'ERROR: AADSTS700082: The refresh token has expired due to inactivity.' >&2
            exit 1
            """);
        string message = (await _fixture.FailAsync()).Message;
        Assert.Contains("for Azure Databricks: AADSTS700082: The refresh token has expired due to inactivity. Sign in", message);
        Assert.DoesNotContain("32-bit", message);
    }

    [Fact]
    public async Task A_user_of_the_CLI_comes_without_a_management_token()
    {
        _fixture.Set("DATABRICKS_AZURE_RESOURCE_ID", ResourceId);
        string jwt = SignInFixture.Jwt("""{"upn": "ada@example.com", "exp": 4102444800}""");
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        _fixture.WriteProgram("az", $$"""printf '{"accessToken": "{{jwt}}", "expires_on": null}'""");
        await _fixture.FailAsync();
        Assert.All(_fixture.Calls, call => Assert.Equal($"{Command} --subscription s-1", call));
        RecordedRequest request = _fixture.Server.Requests.Last();
        Assert.Equal(ResourceId, request.Headers["X-Databricks-Azure-Workspace-Resource-Id"]);
        Assert.False(request.Headers.ContainsKey("X-Databricks-Azure-SP-Management-Token"));
    }

    [Fact]
    public async Task A_job_of_GitHub_Actions_signs_in_at_Entra_without_a_secret()
    {
        SetPrincipal();
        _fixture.Set("ARM_CLIENT_SECRET", null);
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_URL", $"{_fixture.Host}/github/oidctoken?api-version=2");
        _fixture.Set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "github-job-token");
        Assert.Equal("github-oidc-azure from ARM_CLIENT_ID", await _fixture.SignInAsync());
        Assert.Contains(
            _fixture.Server.Requests,
            request => request.Path.EndsWith("&audience=api%3A%2F%2FAzureADTokenExchange", StringComparison.Ordinal));
    }

    private async Task StartAsync(WorkspaceOptions options)
    {
        if (_fixture is not null)
            await _fixture.DisposeAsync();
        _fixture = await SignInFixture.StartAsync(options);
        _fixture.Set("AZURE_AUTHORITY_HOST", _fixture.Host);
    }

    private void SetPrincipal()
    {
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        _fixture.Set("ARM_CLIENT_ID", "application-1");
        _fixture.Set("ARM_CLIENT_SECRET", "entra-secret");
    }

    private void WriteAz(string account, string end, string first = "true")
    {
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        string token = _fixture.Issue(Databricks), management = _fixture.Issue("https://management.core.windows.net/");
        _fixture.WriteProgram("az", $$"""
            {{first}}
            if [ "$2" = show ]; then {{account}}; fi
            token={{management}}
            [ "$4" = {{Databricks}} ] && token={{token}}
            printf '{"accessToken": "%s", {{end}}, "tokenType": "Bearer"}' "$token"
            """);
    }
}
