using System.Net;
using System.Net.Sockets;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>What is said when a server cannot be used: each cause apart, with what to change.</summary>
public sealed class ConnectionErrorTests
{
    private const string Secret = "s3cret-p4ss";

    [Fact]
    public async Task A_name_that_DNS_does_not_know_is_told()
    {
        MlflowException e = await FailAsync(new Uri("http://no-such-host.invalid:5000"));
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.Contains("no-such-host.invalid", e.Message);
        Assert.Contains("DNS", e.Message);
    }

    [Fact]
    public async Task A_port_where_nothing_listens_is_told()
    {
        MlflowException e = await FailAsync(new Uri($"http://127.0.0.1:{FreePort()}"));
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.Contains("Nothing listens", e.Message);
    }

    [Fact]
    public async Task A_server_that_hangs_up_is_told()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.CloseBefore, times: 5);
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_in_time_is_told()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Delay(TimeSpan.FromMinutes(5)), times: 5);
        MlflowException e = await FailAsync(server.Uri, new ConnectionOptions { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.Contains("MLFLOW_HTTP_REQUEST_TIMEOUT", e.Message);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_is_told_and_its_authority_can_be_named()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true });
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(ErrorKind.TrackingServerUnreachable, e.Kind);
        Assert.Contains("MLFLOW_TRACKING_SERVER_CERT_PATH", e.Message);

        using var authority = new TemporaryFile(server.CertificatePem!);
        await ReadAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = authority.Path });
        await ReadAsync(server.Uri, new ConnectionOptions { InsecureTls = true });
    }

    [Fact]
    public async Task Another_authority_than_the_servers_is_not_enough()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true });
        await using TrackingServer other = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true });
        using var authority = new TemporaryFile(other.CertificatePem!);
        MlflowException e = await FailAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = authority.Path });
        Assert.Contains("not trusted", e.Message);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_to_a_server_that_asks_for_it()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true, RequireClientCertificate = true });
        using var certificate = new TemporaryFile(server.ClientCertificatePem!);
        await FailAsync(server.Uri, new ConnectionOptions { InsecureTls = true });
        await ReadAsync(server.Uri, new ConnectionOptions { InsecureTls = true, ClientCertificatePath = certificate.Path });
    }

    [Fact]
    public async Task Missing_and_wrong_credentials_are_told_and_no_secret_is_repeated()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Username = "ada", Password = "right" });
        MlflowException none = await FailAsync(server.Uri);
        MlflowException wrong = await FailAsync(server.Uri, new ConnectionOptions { Username = "ada", Password = Secret });
        foreach (MlflowException e in new[] { none, wrong })
        {
            Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
            Assert.Equal(401, e.StatusCode);
            Assert.DoesNotContain(Secret, e.ToString());
        }

        await ReadAsync(server.Uri, new ConnectionOptions { Username = "ada", Password = "right" });
    }

    [Fact]
    public async Task A_bearer_token_opens_a_server_that_wants_one()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Token = Secret });
        Assert.Equal(ErrorKind.AuthenticationFailed, (await FailAsync(server.Uri)).Kind);
        await ReadAsync(server.Uri, new ConnectionOptions { Token = Secret });
    }

    [Fact]
    public async Task A_gateway_that_answers_403_to_an_expired_token_is_about_the_credentials()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Answer(403, "Jwt is expired", "text/plain"));
        MlflowException e = await FailAsync(server.Uri, new ConnectionOptions { Token = Secret });
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.Contains("(403): Jwt is expired. Renew them", e.Message);
    }

    [Fact]
    public async Task A_reader_who_writes_is_told_that_the_permission_is_missing()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Username = "ada", Password = "right", ReaderUsername = "bob", ReaderPassword = Secret });
        using var owner = new RestStore(server.Uri, new ConnectionOptions { Username = "ada", Password = "right" });
        string experiment = await owner.CreateExperimentAsync(new NewExperiment("ours"), default);
        using var reader = new RestStore(server.Uri, new ConnectionOptions { Username = "bob", Password = Secret });
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => reader.CreateRunAsync(new NewRun(experiment, null, "bob", 1), default));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Equal(403, e.StatusCode);
    }

    [Fact]
    public async Task A_path_where_no_MLflow_is_gets_the_advice_to_check_the_path()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { PathPrefix = "/mlflow" });
        MlflowException e = await FailAsync(new Uri(server.Uri.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
        Assert.Contains("path of the tracking URI", e.Message);
    }

    [Fact]
    public async Task A_login_page_that_answers_200_is_no_MLflow_server()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Answer(200, "<html><body>Sign in</body></html>", "text/html"));
        Assert.Equal(ErrorKind.NotAnMlflowServer, (await FailAsync(server.Uri)).Kind);
    }

    [Fact]
    public async Task A_gateways_error_page_points_to_the_server_behind_it()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.ProxyPage(502));
        MlflowException e = await FailAsync(server.Uri);
        Assert.Equal(ErrorKind.ServerError, e.Kind);
        Assert.Contains("proxy", e.Message);
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_not_followed_and_gets_no_credentials()
    {
        await using TrackingServer other = await TrackingServer.StartAsync();
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Redirect(new Uri(other.Uri, "/api/2.0/mlflow/experiments/search"), 307));
        MlflowException e = await FailAsync(server.Uri, new ConnectionOptions { Token = Secret });
        Assert.Equal(ErrorKind.NotAnMlflowServer, e.Kind);
        Assert.Contains(other.Uri.Authority, e.Message);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task A_redirect_on_the_same_host_is_followed_unless_it_is_forbidden()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Redirect(new Uri("/api/2.0/mlflow/experiments/search", UriKind.Relative), 308));
        await ReadAsync(server.Uri, new ConnectionOptions());

        server.Faults.Add("*", "*", Faults.Redirect(new Uri("/api/2.0/mlflow/experiments/search", UriKind.Relative), 308));
        await FailAsync(server.Uri, new ConnectionOptions { FollowRedirects = false });
    }

    [Fact]
    public async Task What_a_server_says_brings_no_control_character_into_a_terminal()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Answer(400, """{"error_code": "BAD_REQUEST", "message": "\u001b[31mred\n##vso[task.complete]"}""", "application/json"));
        MlflowException e = await FailAsync(server.Uri);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Fact]
    public async Task Cancelling_ends_a_request_that_is_under_way()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Delay(TimeSpan.FromMinutes(5)));
        using var store = new RestStore(server.Uri, new ConnectionOptions());
        using var cancel = new CancellationTokenSource();
        Task search = store.SearchExperimentsAsync(new ExperimentSearch(), null, cancel.Token);
        cancel.CancelAfter(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => search);
    }

    [Fact]
    public async Task A_server_behind_a_proxy_is_reached_through_it()
    {
        // The test server is no proxy and refuses, but what it was asked for tells that it was taken for one.
        await using TrackingServer proxy = await TrackingServer.StartAsync(new TrackingServerOptions { Version = MlflowVersion.V2_17 });
        await FailAsync(new Uri("http://mlflow.invalid:5000"), new ConnectionOptions { HttpProxy = proxy.Uri.ToString() });
        Assert.Equal("mlflow.invalid:5000", Assert.Single(proxy.Requests).Headers["Host"].ToString());
    }

    private static async Task ReadAsync(Uri server, ConnectionOptions options)
    {
        using var store = new RestStore(server, options with { Retry = RetryPolicy.None });
        await store.SearchExperimentsAsync(new ExperimentSearch(), null, default);
    }

    private static Task<MlflowException> FailAsync(Uri server, ConnectionOptions? options = null) =>
        Assert.ThrowsAsync<MlflowException>(() => ReadAsync(server, options ?? new ConnectionOptions()));

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
