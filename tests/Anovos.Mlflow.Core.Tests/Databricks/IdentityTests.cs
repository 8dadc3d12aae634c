using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests all methods of signing in to a workspace.</summary>
public sealed class IdentityTests : IAsyncLifetime
{
    private const string ResourceId = "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Databricks/workspaces/w";

    private readonly TemporaryFolder _folder = new();
    private readonly Variables _environment = [];
    private TrackingServer _server = null!;

    public async ValueTask InitializeAsync() => await StartAsync(new WorkspaceOptions());

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Personal_access_token()
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        await AssertSignsInAsync("pat from DATABRICKS_TOKEN");
    }

    [Fact]
    public async Task OAuth_machine_to_machine_with_discovery()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        await AssertSignsInAsync("oauth-m2m from DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET");
        Assert.Equal(1, Count("/oidc/.well-known/oauth-authorization-server"));
        Assert.Equal(1, Count("/oidc/v1/token"));
    }

    [Theory]
    [InlineData("DATABRICKS_OIDC_TOKEN", "env-oidc")]
    [InlineData("MY_TOKEN", "env-oidc")]
    [InlineData(null, "file-oidc from DATABRICKS_OIDC_TOKEN_FILEPATH")]
    public async Task Token_federation_with_a_token_that_is_there(string? variable, string method)
    {
        string jwt = await PipelineTokenAsync();
        Set(("DATABRICKS_CLIENT_ID", "principal"));
        if (variable is null)
            Set(("DATABRICKS_OIDC_TOKEN_FILEPATH", Write("jwt", jwt + "\n")), ("DATABRICKS_AUTH_TYPE", "file-oidc"));
        else
            Set((variable, jwt));
        if (variable == "MY_TOKEN")
            Set(("DATABRICKS_OIDC_TOKEN_ENV", variable), ("DATABRICKS_AUTH_TYPE", "env-oidc"));
        await AssertSignsInAsync(method);
    }

    [Fact]
    public async Task Token_federation_in_Azure_Pipelines_needs_no_secret()
    {
        SetPipeline();
        Set(("DATABRICKS_CLIENT_ID", "principal"));
        await AssertSignsInAsync("azure-devops-oidc from DATABRICKS_CLIENT_ID");
        Assert.All(_server.Requests.Where(request => request.Path.StartsWith("/pipeline", StringComparison.Ordinal)), request => Assert.Equal("/pipeline/oidctoken?api-version=7.1", request.Path));
    }

    [Fact]
    public async Task A_service_connection_of_Azure_Pipelines_signs_in_at_Entra_without_a_secret()
    {
        SetPipeline();
        Set(("DATABRICKS_AZURE_RESOURCE_ID", ResourceId), ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "connection-1"), ("AZURESUBSCRIPTION_CLIENT_ID", "application-1"), ("AZURESUBSCRIPTION_TENANT_ID", "tenant-1"));
        await RestartAsync(new() { RequiredResourceId = ResourceId });
        await AssertSignsInAsync("azure-devops-oidc-azure");
        Assert.Contains(_server.Requests, request => request.Path.EndsWith("&serviceConnectionId=connection-1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Entra_service_principal_that_is_a_user_of_the_workspace()
    {
        SetEntra();
        Set(("DATABRICKS_CLOUD", "azure"));
        await AssertSignsInAsync("azure-client-secret from ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID");
        Assert.DoesNotContain(_server.Requests, request => request.Headers.ContainsKey("X-Databricks-Azure-SP-Management-Token"));
    }

    [Fact]
    public async Task Entra_service_principal_that_is_none_comes_with_the_resource_id_and_a_management_token()
    {
        await RestartAsync(new() { RequiredResourceId = ResourceId });
        SetEntra();
        Set(("DATABRICKS_AZURE_RESOURCE_ID", ResourceId));
        await AssertSignsInAsync("azure-client-secret from ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID");
        Assert.Equal(2, Count("/tenant-1/oauth2/v2.0/token"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Managed_identity_of_a_machine_and_of_an_app(bool app)
    {
        await RestartAsync(new() { RequiredResourceId = ResourceId });
        Set(("ARM_USE_MSI", "true"), ("ARM_CLIENT_ID", "mine"), ("DATABRICKS_AZURE_RESOURCE_ID", ResourceId));
        if (app)
            Set(("IDENTITY_ENDPOINT", new Uri(_server.Uri, "msi/token").ToString()), ("IDENTITY_HEADER", "identity-header"));
        else
            Set(("AZURE_POD_IDENTITY_AUTHORITY_HOST", _server.Uri.ToString()));
        await AssertSignsInAsync("azure-msi from ARM_USE_MSI");
        Assert.Contains(_server.Requests, request => request.Path.StartsWith(app ? "/msi/token" : "/metadata/", StringComparison.Ordinal) && request.Path.EndsWith("&client_id=mine", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_machine_without_managed_identity_is_told_apart_from_a_server_that_is_down()
    {
        Set(("ARM_USE_MSI", "true"), ("DATABRICKS_CLOUD", "azure"), ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1"));
        Assert.Contains("No managed identity", (await RefusedAsync()).Message);
    }

    [Theory]
    [InlineData("\"expires_on\": 4102444800")]
    [InlineData("\"expiresOn\": \"2099-12-31 23:59:59.000000\"")]
    public async Task Azure_CLI(string end)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in of az is a shell script");
        await RestartAsync(new() { RequiredResourceId = ResourceId });
        Set(("DATABRICKS_AZURE_RESOURCE_ID", ResourceId));
        WriteProgram("az", $$"""
            #!/bin/sh
            echo "$@" >> "{{_folder.FullPath}}/calls"
            token=$(cat "{{_folder.FullPath}}/$4" 2>/dev/null || cat "{{_folder.FullPath}}/management")
            printf '{"accessToken": "%s", {{end}}, "tokenType": "Bearer"}' "$token"
            """);
        Write("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", await MachineTokenAsync("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"));
        Write("management", await MachineTokenAsync("https://management.core.windows.net/"));
        Set(("PATH", $"{_folder.FullPath}:/usr/bin:/bin"));

        await AssertSignsInAsync("azure-cli");
        Assert.Equal("account get-access-token --resource 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d --output json --subscription s-1", (await System.IO.File.ReadAllLinesAsync(Path.Combine(_folder.FullPath, "calls"), TestContext.Current.CancellationToken))[0]);
    }

    [Fact]
    public async Task Azure_CLI_that_is_not_signed_in_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in of az is a shell script");
        WriteProgram("az", "#!/bin/sh\necho 'ERROR: Please run az login to setup account.' >&2\nexit 1\n");
        Set(("PATH", _folder.FullPath), ("DATABRICKS_CLOUD", "azure"));
        Assert.Contains("Please run az login to setup account. Sign in with az login.", (await RefusedAsync()).Message);
    }

    [Fact]
    public void Nothing_to_sign_in_with_says_what_each_method_lacks()
    {
        MlflowException e = Assert.Throws<MlflowException>(Identity);
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("pat: DATABRICKS_TOKEN (token) is not set; oauth-m2m: DATABRICKS_CLIENT_ID (client_id), DATABRICKS_CLIENT_SECRET (client_secret) are not set", e.Message);
        Assert.Contains("azure-cli: 127.0.0.1 is not an Azure workspace", e.Message);
    }

    [Fact]
    public void An_auth_type_is_the_only_one_that_is_tried()
    {
        Set(("DATABRICKS_TOKEN", "t"), ("DATABRICKS_AUTH_TYPE", "oauth-m2m"));
        Assert.Contains("oauth-m2m: DATABRICKS_CLIENT_ID", Assert.Throws<MlflowException>(Identity).Message);
        Set(("DATABRICKS_AUTH_TYPE", "magic"));
        Assert.Contains("'magic', which is not one of pat, oauth-m2m", Assert.Throws<MlflowException>(Identity).Message);
        Set(("DATABRICKS_AUTH_TYPE", "pat"));
        Assert.Contains("oauth-m2m: auth_type is pat", Identity().NotUsed);
    }

    [Theory]
    [InlineData("DATABRICKS_CLIENT_ID:principal,DATABRICKS_CLIENT_SECRET:hush-m2m", "(401 invalid_client): Client authentication failed")]
    [InlineData("DATABRICKS_TOKEN:hush-pat", "rejected the token of pat from DATABRICKS_TOKEN")]
    [InlineData("ARM_CLIENT_ID:application-1,ARM_CLIENT_SECRET:hush-entra,ARM_TENANT_ID:tenant-1,DATABRICKS_CLOUD:azure", "AADSTS7000215: Invalid client secret provided")]
    [InlineData("DATABRICKS_CLIENT_ID:principal,DATABRICKS_OIDC_TOKEN:hush-jwt", "(400 invalid_grant): No federation policy matches the token")]
    public async Task Wrong_credentials_say_whose_they_were_and_are_not_shown(string variables, string expected)
    {
        Set([.. variables.Split(',').Select(pair => pair.Split(':')).Select(pair => (pair[0], pair[1])), ("AZURE_AUTHORITY_HOST", _server.Uri.ToString())]);
        MlflowException e = await RefusedAsync();
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains(expected, e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    [Fact]
    public async Task What_a_token_endpoint_repeats_of_a_secret_is_blotted_out()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "hush-m2m"));
        _server.Faults.Add("POST", "/oidc/v1/token", Faults.Answer(400, """{"error": "invalid_request", "error_description": "No client has the secret hush-m2m"}"""));
        MlflowException e = await RefusedAsync();
        Assert.Contains("No client has the secret ***", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    [Fact]
    public async Task A_token_that_was_copied_with_a_line_break_is_not_quoted()
    {
        Set(("DATABRICKS_TOKEN", "hush\nhush"));
        Assert.DoesNotContain("hush", (await RefusedAsync()).ToString());
    }

    [Fact]
    public async Task A_token_that_expired_early_is_fetched_anew_and_the_request_sent_once_more()
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        using ITrackingStore store = Open();
        await ListAsync(store);
        _server.Workspace!.ExpireTokens();
        await ListAsync(store);
        Assert.Equal(2, Count("/oidc/v1/token"));
        Assert.Equal([200, 403, 200], _server.Requests.Where(request => request.Path.EndsWith("experiments/search", StringComparison.Ordinal)).Select(request => request.Status));
    }

    [Theory]
    [InlineData(403, """{"error_code": 403, "message": "JWT has expired"}""")]
    [InlineData(403, """{"error_code": "403", "message": "Invalid access token. [ReqId: 7]"}""")]
    [InlineData(403, """{"error_code": 403, "message": "Token is expiring within 30 seconds. (token expired)"}""")]
    [InlineData(403, """{"error_code": "PERMISSION_DENIED", "message": "JWT has expired"}""")]
    [InlineData(403, """{"error": "Invalid Token"}""")]
    [InlineData(403, "<html><body><pre>    JWT has expired</pre></body></html>")]
    [InlineData(400, "io.jsonwebtoken.ExpiredJwtException: JWT expired at 2026-11-29T10:00:00Z")]
    [InlineData(401, """{"error_code": 401, "message": "Token is expired"}""")]
    public async Task A_token_that_expires_during_a_run_is_renewed_and_nothing_is_lost(int status, string body)
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        using ITrackingStore store = Open();
        Run run = await store.CreateRunAsync(new NewRun(await store.CreateExperimentAsync(new NewExperiment("/Shared/x"), default),
            "long", "ada", 1), default);

        _server.Faults.Add("POST", "*log-batch", Faults.Answer(status, body));
        await store.LogBatchAsync(run.RunId, new RunData { Metrics = [new("rmse", 0.5, 1)], Params = [new("depth", "7")] }, default);

        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("7", 1), (stored.Params["depth"], stored.Metrics.Count));
        Assert.Equal(2, Count("/oidc/v1/token"));
        Assert.Equal(2, _server.Workspace!.IssuedTokens.Count);
    }

    [Theory]
    [InlineData("""{"error_code": 403, "message": "Source IP address: 192.0.2.7 is blocked by Databricks IP ACL for workspace: 42"}""")]
    [InlineData("""{"error_code": "PERMISSION_DENIED", "message": "ada has no CAN_EDIT on the experiment 'JWT has expired'"}""")]
    public async Task A_missing_permission_asks_for_no_new_token(string body)
    {
        Set(("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        _server.Faults.Add("*", "*experiments/search", Faults.Answer(403, body));
        Assert.Equal(ErrorKind.PermissionDenied, (await RefusedAsync()).Kind);
        Assert.Equal(1, Count("/oidc/v1/token"));
    }

    [Fact]
    public async Task A_personal_token_that_expired_cannot_be_renewed_and_the_error_says_so()
    {
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        _server.Faults.Add("*", "*experiments/search", Faults.Answer(403, """{"error_code": 403, "message": "JWT has expired"}"""),
            times: 9);
        MlflowException e = await RefusedAsync();
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("JWT has expired. The workspace rejected the token of pat from DATABRICKS_TOKEN", e.Message);
        Assert.Equal(8, _server.Faults.Pending);
    }

    [Fact]
    public async Task Tokens_come_over_TLS_from_whom_the_users_own_authorities_vouch_for()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new() { Workspace = new(), UseTls = true });
        Set(("DATABRICKS_HOST", server.Uri.ToString()), ("DATABRICKS_CLIENT_ID", "principal"), ("DATABRICKS_CLIENT_SECRET", "dose-secret"));
        Assert.Contains("as oauth-m2m from DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET failed: The TLS certificate", (await RefusedAsync()).Message);
        Assert.Empty(server.Requests);

        using ITrackingStore store = Open(new() { ServerCertificatePath = Write("ca.pem", server.CertificatePem) });
        await ListAsync(store);
        Assert.Equal([200, 200, 200, 200], server.Requests.Select(request => request.Status));
    }

    [Fact]
    public async Task A_redirect_to_another_host_takes_no_token_along()
    {
        await using TrackingServer other = await TrackingServer.StartAsync();
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        _server.Faults.Add("*", "*", Faults.Redirect(other.Uri));
        MlflowException e = await RefusedAsync();
        Assert.Contains("must not be sent to another host", e.Message);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task A_request_to_another_host_gets_no_token()
    {
        await using TrackingServer other = await TrackingServer.StartAsync();
        Set(("DATABRICKS_TOKEN", "dapi-personal"));
        using ITrackingStore store = Open();
        RestApi api = ((RestStore)store).Api;
        await api.Http.GetAsync(new Uri(other.Uri, "/health"), TestContext.Current.CancellationToken);
        Assert.False(Assert.Single(other.Requests).Headers.ContainsKey("Authorization"));
        Assert.Equal("None", api.Options.ForOtherHosts().Authentication);
    }

    private async Task StartAsync(WorkspaceOptions options)
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = options });
        Set(("DATABRICKS_HOST", _server.Uri.ToString()));
    }

    private async Task RestartAsync(WorkspaceOptions options)
    {
        await _server.DisposeAsync();
        await StartAsync(options);
        if (_environment.ContainsKey("SYSTEM_OIDCREQUESTURI"))
            SetPipeline();
    }

    private void Set(params (string Name, string? Value)[] variables)
    {
        foreach ((string name, string? value) in variables)
            _environment[name] = value;
    }

    private void SetPipeline() => Set(("SYSTEM_OIDCREQUESTURI", new Uri(_server.Uri, "pipeline/oidctoken").ToString()), ("SYSTEM_ACCESSTOKEN", "job-token"), ("AZURE_AUTHORITY_HOST", _server.Uri.ToString()));

    private void SetEntra() => Set(("ARM_CLIENT_ID", "application-1"), ("ARM_CLIENT_SECRET", "entra-secret"), ("ARM_TENANT_ID", "tenant-1"), ("AZURE_AUTHORITY_HOST", _server.Uri.ToString()));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullPath, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }

    private void WriteProgram(string name, string script)
    {
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(Write(name, script), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
    }

    private DatabricksConfig Config() => DatabricksConfig.Load(null, _environment.Read, _folder.FullPath);

    private DatabricksIdentity Identity() => new(Config(), new ConnectionOptions());

    private ITrackingStore Open(ConnectionOptions? options = null)
    {
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        return TrackingStores.Open(target, target.Complete((options ?? new()) with { Retry = RetryPolicy.None }, _environment.Read, _folder.FullPath));
    }

    private static Task ListAsync(ITrackingStore store) => store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken);

    private int Count(string path) => _server.Requests.Count(request => request.Path == path);

    // Signs in for several requests with one token, and reports the method.
    private async Task AssertSignsInAsync(string description)
    {
        using ITrackingStore store = Open();
        ConnectionReport report = await ConnectionReport.OfAsync(store, TestContext.Current.CancellationToken);
        Assert.Null(report.Message);
        Assert.Equal($"{description} for 127.0.0.1", report.Identity);
        Assert.Equal(IdentityMethod.All.Count - 1, report.IdentityNotUsed.Count);
        Assert.True(_server.Workspace!.IssuedTokens.Count <= 4);
    }

    private async Task<MlflowException> RefusedAsync()
    {
        // Invalid characters are rejected before the first request.
        return await Assert.ThrowsAsync<MlflowException>(async () =>
        {
            using ITrackingStore store = Open();
            await ListAsync(store);
        });
    }

    private async Task<string> PipelineTokenAsync()
    {
        SetPipeline();
        var pipeline = new PipelineToken(new TokenEndpoint(new ConnectionOptions(), () => DateTimeOffset.UtcNow), Config());
        string token = await pipeline.FetchAsync(null, TestContext.Current.CancellationToken);
        Set(("SYSTEM_OIDCREQUESTURI", null));
        return token;
    }

    private async Task<string> MachineTokenAsync(string resource)
    {
        Set(("AZURE_POD_IDENTITY_AUTHORITY_HOST", _server.Uri.ToString()));
        var machine = new ManagedIdentity(new TokenEndpoint(new ConnectionOptions(), () => DateTimeOffset.UtcNow), Config().Setting);
        return (await machine.FetchAsync(resource, TestContext.Current.CancellationToken)).Value;
    }
}
