using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests workspaces that are not named by their address, but by an Azure resource id or a secret scope.</summary>
public sealed class WorkspaceLookupTests : IAsyncLifetime
{
    private const string ResourceId = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";

    private SignInFixture _manager = null!;
    private SignInFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await SignInFixture.StartAsync();
        _manager = await SignInFixture.StartAsync(new()
        {
            Resources = new Dictionary<string, string> { [ResourceId] = _fixture.Host },
            Secrets = new Dictionary<string, string>
            {
                ["mlflow/prod-host"] = _fixture.Host + "/?o=42",
                ["mlflow/prod-token"] = "dapi-personal\n",
                ["mlflow/half-host"] = _fixture.Host,
                ["mlflow/evil-host"] = "http://evil.example.com",
                ["mlflow/evil-token"] = "hush-token",
                ["mlflow/empty-host"] = "",
            },
        });
        _manager.Set("DATABRICKS_TOKEN", "dapi-personal");
        _manager.Lookup = new WorkspaceLookup { ResourceManager = _manager.Server.Uri };
    }

    public async ValueTask DisposeAsync()
    {
        await _manager.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_resource_id_is_enough_and_is_looked_up_once()
    {
        SetPrincipal();
        await _fixture.DisposeAsync();
        _fixture = await SignInFixture.StartAsync(new() { RequiredResourceId = ResourceId });
        await RestartManagerAsync(ResourceId, _fixture.Host);
        SetPrincipal();

        // The tokens come from this Entra ID; the workspace has its own.
        MlflowException e = await _manager.FailAsync();
        Assert.Contains("Invalid access token", e.Message);
        Assert.Equal(ResourceId, _fixture.Server.Requests[0].Headers["X-Databricks-Azure-Workspace-Resource-Id"]);
        await _manager.FailAsync();
        Assert.Single(_manager.Server.Requests, request => request.Path.StartsWith("/subscriptions/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/subscriptions/s-1/other", "could not be found as azure-client-secret: ", "issued no token (404")]
    [InlineData(
        "subscriptions/s-2", "This requires the Reader role on the resource. Alternatively, set DATABRICKS_HOST", "issued no token (404")]
    public async Task A_resource_that_is_not_visible_leads_to_the_address(string id, string first, string second)
    {
        SetPrincipal();
        _manager.Set("DATABRICKS_AZURE_RESOURCE_ID", id);
        MlflowException e = await _manager.FailAsync();
        Assert.Contains(first, e.Message);
        Assert.Contains(second, e.Message);
        Assert.All(_manager.Server.Workspace!.IssuedTokens, token => Assert.DoesNotContain(token, e.ToString()));
    }

    [Fact]
    public async Task An_identity_that_is_not_of_Azure_finds_no_resource()
    {
        SetPrincipal();
        _manager.Set("ARM_CLIENT_SECRET", null);
        MlflowException e = await _manager.FailAsync();
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("azure-client-secret: ARM_CLIENT_SECRET (azure_client_secret) is not set", e.Message);
        _manager.Set("DATABRICKS_AUTH_TYPE", "pat");
        Assert.Equal(ErrorKind.InvalidValue, (await _manager.FailAsync()).Kind);
    }

    [Fact]
    public async Task An_Azure_CLI_that_is_signed_out_says_so_here_too()
    {
        SetPrincipal();
        foreach (string name in new[] { "ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID" })
            _manager.Set(name, null);
        _manager.WriteProgram("az", "echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
        Assert.Contains("could not be found as azure-cli: The Azure CLI has no token", (await _manager.FailAsync()).Message);
    }

    [Fact]
    public async Task A_secret_scope_has_the_host_and_the_token()
    {
        string identity = await _manager.SignInAsync("databricks://mlflow:prod");
        Assert.Equal("pat from secret scope mlflow", identity);
        Assert.All(_fixture.Server.Requests, request => Assert.Equal("42", request.Headers["x-databricks-org-id"]));
        Assert.Equal(2, _manager.Server.Requests.Count);
        await _manager.SignInAsync("databricks://mlflow:prod");
        Assert.Equal(2, _manager.Server.Requests.Count);
    }

    [Theory]
    [InlineData("databricks://nowhere:prod", "The secret prod-host of the scope nowhere", "Scope nowhere does not exist")]
    [InlineData("databricks://mlflow:half", "The secret half-token of the scope mlflow", "No secret found in scope mlflow")]
    [InlineData("databricks://mlflow:empty", "The secret empty-host of the scope mlflow is empty", "")]
    [InlineData("databricks://mlflow:evil", "not an https address", "")]
    public async Task A_secret_that_cannot_be_used_is_named_and_not_shown(string uri, string first, string second)
    {
        MlflowException e = await _manager.FailAsync(uri);
        Assert.Contains(first, e.Message);
        Assert.Contains(second, e.Message);
        Assert.DoesNotContain("hush", e.ToString());
        Assert.Empty(_fixture.Server.Requests);
    }

    [Fact]
    public async Task A_workspace_that_refuses_the_caller_names_the_grant()
    {
        const string Refused = """{"error_code": "PERMISSION_DENIED", "message": "User does not have permission on scope"}""";
        _manager.Server.Faults.Add("GET", "/api/2.0/secrets/get*", Faults.Answer(403, Refused));
        MlflowException e = await _manager.FailAsync("databricks://mlflow:prod");
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains("READ on the scope", e.Message);
    }

    private async Task RestartManagerAsync(string id, string host)
    {
        await _manager.DisposeAsync();
        _manager = await SignInFixture.StartAsync(new() { Resources = new Dictionary<string, string> { [id] = host } });
        _manager.Lookup = new WorkspaceLookup { ResourceManager = _manager.Server.Uri };
    }

    private void SetPrincipal()
    {
        _manager.Set("DATABRICKS_HOST", null);
        _manager.Set("DATABRICKS_TOKEN", null);
        _manager.Set("DATABRICKS_AZURE_RESOURCE_ID", ResourceId);
        _manager.Set("ARM_CLIENT_ID", "application-1");
        _manager.Set("ARM_CLIENT_SECRET", "entra-secret");
        _manager.Set("ARM_TENANT_ID", "tenant-1");
        _manager.Set("AZURE_AUTHORITY_HOST", _manager.Host);
    }
}
