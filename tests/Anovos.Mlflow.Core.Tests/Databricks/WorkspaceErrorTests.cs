using System.Text.Json;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests the message for each refusal by a workspace, and whether a new token is fetched.</summary>
public sealed class WorkspaceErrorTests : IAsyncLifetime
{
    private readonly Variables _environment = [];
    private TrackingServer _server = null!;

    /// <summary>Status, body, kind, part of the message, and whether a new token is fetched.</summary>
    public static TheoryData<int, string, ErrorKind, string, bool> Refusals => new()
    {
        // Credentials: all forms that Databricks and MLflow use.
        {
            401, Json(401, "Token is expired"), ErrorKind.AuthenticationFailed,
            "Token is expired. The workspace rejected the token of oauth-m2m", true
        },
        { 401, "", ErrorKind.AuthenticationFailed, "(401). The workspace rejected the token of", true },
        {
            403, Json(403, "Invalid access token."), ErrorKind.AuthenticationFailed,
            "Invalid access token. The workspace rejected", true
        },
        { 403, Json("403", "Invalid Token"), ErrorKind.AuthenticationFailed, "Invalid Token. The workspace", true },
        { 403, """{"error": "Invalid Token"}""", ErrorKind.AuthenticationFailed, "(401): Invalid Token. The workspace", true },
        { 403, Json("UNAUTHENTICATED", "Sign in first"), ErrorKind.AuthenticationFailed, "Sign in first. The workspace", true },
        {
            400, "io.jsonwebtoken.ExpiredJwtException: JWT expired at 2026-11-29T10:00:00Z", ErrorKind.AuthenticationFailed,
            "JWT expired at", true
        },
        {
            400, """{"error": "invalid_token", "error_description": "The access token expired"}""", ErrorKind.AuthenticationFailed,
            "The access token expired. The workspace", true
        },
        { 500, Json(401, "Token is expired"), ErrorKind.AuthenticationFailed, "Token is expired. The workspace", true },
        {
            500, Json("UNAUTHENTICATED", "Request had invalid credentials"), ErrorKind.AuthenticationFailed,
            "invalid credentials. The workspace", true
        },
        {
            500, Json(null, "Invalid access token. [ReqId: 7]"), ErrorKind.AuthenticationFailed,
            "Invalid access token. [ReqId: 7]. The workspace", true
        },
        { 500, Json("INTERNAL_ERROR", "Token is expired"), ErrorKind.AuthenticationFailed, "Token is expired. The workspace", true },

        // Other refusals, for which a new token does not help.
        {
            403, Json("PERMISSION_DENIED", "ada does not have permission to view experiment 17"), ErrorKind.PermissionDenied,
            "This requires the permission CAN READ on the experiment", false
        },
        {
            500, Json("PERMISSION_DENIED", "ada does not have permission to view experiment 17"), ErrorKind.PermissionDenied,
            "(500): ada does not have permission to view experiment 17. This requires the permission CAN READ", false
        },
        { 500, Json(403, "ada may not"), ErrorKind.PermissionDenied, "(500): ada may not. This requires the permission CAN READ", false },
        {
            403, "PERMISSION_DENIED: User does not have USE SCHEMA on Schema 'main.churn'.", ErrorKind.PermissionDenied,
            "Ask its owner to run GRANT USE SCHEMA ON SCHEMA main.churn TO the oauth-m2m identity", false
        },
        {
            403, Json("PERMISSION_DENIED", "User does not have USE CATALOG on Catalog 'main'."), ErrorKind.PermissionDenied,
            "GRANT USE CATALOG ON CATALOG main TO", false
        },
        {
            403, Json(403, "Source IP address: 192.0.2.7 is blocked by Databricks IP ACL for workspace: 42 [ReqId: 7]"),
            ErrorKind.PermissionDenied,
            "does not accept requests from this network (403): Source IP address: 192.0.2.7 is blocked by Databricks IP ACL for "
                + "workspace: 42 [ReqId: 7]. This machine's address is not on the IP access list. Connect from an allowed network, for "
                + "example through a VPN, or ask an administrator of the workspace to add 192.0.2.7", false
        },
        {
            403, Json(403, "User not authorized."), ErrorKind.PermissionDenied,
            "The oauth-m2m identity is not a user of this workspace. Ask an administrator of 127.0.0.1 to add it.", false
        },
        { 403, Json(403, "Invalid access to Org: 42"), ErrorKind.PermissionDenied, "is not a user of this workspace", false },
        {
            403, "<html><body><h2>HTTP ERROR 403</h2><pre>    User not authorized.</pre></body></html>", ErrorKind.PermissionDenied,
            "is not a user of this workspace", false
        },
        {
            403, Json(403, "Provided OAuth token does not have required scopes: mlflow [ReqId: 7]"), ErrorKind.PermissionDenied,
            "Sign in with a token that has mlflow; for OAuth, name the scopes to request in the profile", false
        },
        {
            403, Json("PERMISSION_DENIED", "This API is disabled for users without the workspace-access entitlement. Contact your administrator."),
            ErrorKind.PermissionDenied,
            "grant the entitlement workspace-access to the oauth-m2m identity", false
        },
        {
            403, """{"schemas": ["urn:…:Error"], "detail": "Not an admin", "status": "403", "scimType": "sensitive"}""", ErrorKind.PermissionDenied,
            "(403): sensitive Not an admin. This requires", false
        },
        { 404, Json("FEATURE_DISABLED", "MLflow is disabled"), ErrorKind.NotSupported, "404 FEATURE_DISABLED: MLflow is disabled", false },
        {
            404, "RESOURCE_DOES_NOT_EXIST: No experiment 17", ErrorKind.ExperimentNotFound,
            "404 RESOURCE_DOES_NOT_EXIST: No experiment 17", false
        },
        { 500, Json("INTERNAL_ERROR", "No such thing"), ErrorKind.ServerError, "returned 500 INTERNAL_ERROR: No such thing", false },
        { 500, Json("INTERNAL_ERROR", "The job 'Token is expired' failed"), ErrorKind.ServerError, "returned 500 INTERNAL_ERROR", false },
        {
            429, Json("REQUEST_LIMIT_EXCEEDED", "Too many requests"), ErrorKind.ServerError,
            "429 REQUEST_LIMIT_EXCEEDED: Too many requests. It asks to wait 30 seconds. The server limits the number of requests.", false
        },
        {
            503, Json("TEMPORARILY_UNAVAILABLE", "Busy"), ErrorKind.ServerError,
            "503 TEMPORARILY_UNAVAILABLE: Busy. It asks to wait 30 seconds.", false
        },
    };

    /// <summary>The status and body of those for which a new token helps.</summary>
    public static TheoryData<int, string> Expired =>
        new(Refusals.Where(row => row.Data.Item5).Select(row => (row.Data.Item1, row.Data.Item2)));

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = new() });
        _environment["DATABRICKS_HOST"] = _server.Uri.ToString();
        _environment["DATABRICKS_CLIENT_ID"] = "principal";
        _environment["DATABRICKS_CLIENT_SECRET"] = "dose-secret";
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refusal_is_explained(int status, string body, ErrorKind kind, string expected, bool fetchesAnotherToken)
    {
        Refuse(status, body, times: 9);
        MlflowException e = await RefusedAsync();
        Assert.Equal(kind, e.Kind);
        Assert.Contains(expected, e.Message);
        Assert.Equal(fetchesAnotherToken ? 2 : 1, Tokens());
        Assert.Equal(fetchesAnotherToken ? 7 : 8, _server.Faults.Pending);
        Assert.Equal(kind == ErrorKind.ServerError, e.IsTransient);
        Assert.Equal(status is 429 or 503 ? TimeSpan.FromSeconds(30) : null, e.RetryAfter);
    }

    [Theory]
    [MemberData(nameof(Expired))]
    public async Task A_token_that_can_be_replaced_is_replaced_once_and_the_request_sent_again(int status, string body)
    {
        Refuse(status, body);
        using ITrackingStore store = Open();
        await store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken);
        Assert.Equal(2, Tokens());
    }

    [Fact]
    public async Task A_change_that_was_refused_for_its_token_is_made_once()
    {
        using ITrackingStore store = Open();
        await store.CreateExperimentAsync(new NewExperiment("/Shared/first"), TestContext.Current.CancellationToken);
        _server.Faults.Add("POST", "*experiments/create", Faults.Answer(500, """{"error_code": 401, "message": "Token is expired"}"""));
        await store.CreateExperimentAsync(new NewExperiment("/Shared/second"), TestContext.Current.CancellationToken);
        IEnumerable<string> made = _server.Experiments.Select(experiment => experiment.Name).Where(name => name != "Default");
        Assert.Equal(["/Shared/first", "/Shared/second"], made.Order());
    }

    [Theory]
    [InlineData("api/2.0/mlflow/runs/create", false, "CAN EDIT on the experiment")]
    [InlineData("api/2.0/mlflow/experiments/update", false, "CAN MANAGE on the experiment")]
    [InlineData("api/2.0/mlflow/experiments/create", false, "CAN MANAGE on the workspace folder")]
    [InlineData("api/2.0/mlflow/artifacts/credentials-for-read", false, "CAN READ on the experiment")]
    [InlineData("api/2.0/mlflow/registered-models/get", true, "CAN READ on the registered model")]
    [InlineData("api/2.0/mlflow/model-versions/create", false, "CAN EDIT on the registered model")]
    [InlineData("api/2.0/mlflow/registered-models/delete", false, "CAN MANAGE on the registered model")]
    [InlineData("api/2.1/jobs/runs/submit", false, "CAN ATTACH TO on the cluster, or to create a cluster")]
    [InlineData("api/2.1/jobs/runs/get", true, "CAN VIEW on the job")]
    [InlineData("api/2.1/jobs/runs/cancel", false, "CAN MANAGE RUN on the job")]
    [InlineData("/api/2.0/fs/files/Volumes/main/a/b/c.csv", false, "WRITE VOLUME on the volume")]
    [InlineData("api/2.0/dbfs/put", false, "to write the path in DBFS")]
    public void A_refusal_names_the_permission_that_its_endpoint_needs(string endpoint, bool reads, string permission)
    {
        var refusal = new Refusal(403, "PERMISSION_DENIED", "No", new RefusedRequest(endpoint, reads));
        Assert.Equal(
            $"This requires the permission {permission}. Ask an administrator of w.example.com to grant it to the pat identity.",
            WorkspaceRefusal.Advice(refusal, "w.example.com", "pat", "pat from DATABRICKS_TOKEN"));
    }

    [Theory]
    [InlineData("GET", false)]
    [InlineData("POST", false)]
    [InlineData("POST", true)]
    public async Task A_workspace_behind_a_private_link_is_told_apart(string method, bool atSignIn)
    {
        var page = new Uri(_server.Uri, "/login.html?error=private-link-validation-error%3A42");
        _server.Faults.Add(method, atSignIn ? "/oidc/v1/token" : "*", Faults.Redirect(page, 302));
        if (method == "POST" && !atSignIn)
        {
            // Signs in before the workspace is moved behind the private link.
            _environment["DATABRICKS_TOKEN"] = "dapi-personal";
            _environment["DATABRICKS_CLIENT_ID"] = _environment["DATABRICKS_CLIENT_SECRET"] = null;
        }

        using ITrackingStore store = Open();
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => method == "GET"
            ? store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken)
            : store.CreateExperimentAsync(new NewExperiment("/Shared/x"), TestContext.Current.CancellationToken));
        Assert.Equal((ErrorKind.PermissionDenied, "PRIVATE_LINK_VALIDATION_ERROR"), (e.Kind, e.ErrorCode));
        Assert.Contains("can only be reached over a private link, and this network has no access to it", e.Message);
    }

    [Theory]
    [InlineData("https://adb-1.2.azuredatabricks.net", "Azure Private Link")]
    [InlineData("https://adb-1.2.databricks.azure.us", "Azure Private Link")]
    [InlineData("https://dbc-1.cloud.databricks.com", "AWS PrivateLink")]
    [InlineData("https://1.2.gcp.databricks.com", "Private Service Connect")]
    public void The_private_link_has_the_name_of_its_cloud(string host, string link)
    {
        MlflowException e = NetworkRefusal.Of(new Uri($"{host}/api"), new Uri($"{host}/login.html?error=private-link-validation-error:1"))!;
        Assert.Contains($"{host} can only be reached over {link}", e.Message);
        Assert.Null(NetworkRefusal.Of(new Uri($"{host}/api"), new Uri($"{host}/login.html?next_url=x")));
        Assert.Null(NetworkRefusal.Of(new Uri($"{host}/api"), new Uri($"{host}/x?error=private-link-validation-error:1")));
    }

    [Fact]
    public async Task An_endpoint_of_tokens_that_is_busy_says_how_long_to_wait()
    {
        _server.Faults.Add("POST", "/oidc/v1/token", Faults.Answer(429, """{"error": "rate_limited"}""", headers: ("Retry-After", "7")));
        MlflowException e = await RefusedAsync();
        Assert.Equal((TimeSpan.FromSeconds(7), true, 429), (e.RetryAfter, e.IsTransient, e.StatusCode));
    }

    [Fact]
    public async Task An_endpoint_of_tokens_that_does_not_take_this_address_says_so()
    {
        _server.Faults.Add("POST", "/oidc/v1/token", Faults.Answer(
            403, """{"error_code": 403, "message": "Source IP address: 2001:db8::7 is blocked by Databricks IP ACL for account: 7"}"""));
        MlflowException e = await RefusedAsync();
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains("ask an administrator of the account to add 2001:db8::7 to the list", e.Message);
    }

    [Fact]
    public async Task An_MLflow_server_in_front_of_a_workspace_failed_itself()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Answer(500, """{"error_code": "UNAUTHENTICATED", "message": "Invalid access token."}"""));
        TrackingTarget target = TrackingTarget.Parse(server.Uri.ToString(), "/");
        using ITrackingStore store = TrackingStores.Open(target, new ConnectionOptions { Retry = RetryPolicy.None });
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.ServerError, e.Kind);
        Assert.Contains("returned 500 UNAUTHENTICATED: Invalid access token.", e.Message);
    }

    [Fact]
    public async Task A_personal_token_is_made_in_the_settings()
    {
        _environment["DATABRICKS_TOKEN"] = "dapi-wrong";
        _environment["DATABRICKS_CLIENT_ID"] = _environment["DATABRICKS_CLIENT_SECRET"] = null;
        Assert.Contains("Create another one in the workspace, under Settings > Developer > Access tokens", (await RefusedAsync()).Message);
    }

    // The format of Databricks; the code is text, a number or null.
    private static string Json(object? code, string message) => JsonSerializer.Serialize(new { error_code = code, message });

    private void Refuse(int status, string body, int times = 1)
    {
        (string, string)[] headers = status is 429 or 503 ? [("Retry-After", "30")] : [];
        string type = body.StartsWith('<') ? "text/html" : "application/json";
        _server.Faults.Add("*", "/api/*", Faults.Answer(status, body, type, headers), times);
    }

    private ITrackingStore Open()
    {
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        ConnectionOptions options = new() { Retry = RetryPolicy.None };
        return TrackingStores.Open(target, target.Complete(options, _environment.Read, null));
    }

    private async Task<MlflowException> RefusedAsync()
    {
        using ITrackingStore store = Open();
        return await Assert.ThrowsAsync<MlflowException>(
            () => store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken));
    }

    private int Tokens() => _server.Requests.Count(request => request.Path == "/oidc/v1/token");
}
