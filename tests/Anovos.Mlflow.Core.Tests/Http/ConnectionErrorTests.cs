using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests the errors for unusable servers: each cause has its own message with advice.</summary>
public sealed class ConnectionErrorTests
{
    private const string Secret = "s3cret-p4ss";

    private static readonly TrackingServerOptions WithAuthority = new() { UseTls = true, HasIntermediateAuthority = true };
    private static readonly TrackingServerOptions WithClientCertificate = new() { UseTls = true, RequireClientCertificate = true };

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
        Assert.Contains("Nothing is listening", e.Message);
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
    public async Task A_certificate_that_is_not_trusted_and_a_server_without_TLS_are_told_apart()
    {
        await using TrackingServer tls = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true });
        await using TrackingServer plain = await TrackingServer.StartAsync();
        MlflowException untrusted = await FailAsync(tls.Uri);
        MlflowException noTls = await FailAsync(new Uri($"https://127.0.0.1:{plain.Uri.Port}"));
        Assert.StartsWith($"The TLS certificate of {tls.Uri.GetLeftPart(UriPartial.Authority)} is not trusted: it does not "
            + "chain to a trusted authority (", untrusted.Message);
        Assert.StartsWith($"Could not establish a TLS connection to https://127.0.0.1:{plain.Uri.Port}: ", noTls.Message);
        Assert.Equal((false, false), (untrusted.IsTransient, noTls.IsTransient));
    }

    [Fact]
    public async Task An_authority_between_that_the_server_sends_is_used_and_the_root_is_enough()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(WithAuthority);
        await using TrackingServer other = await TrackingServer.StartAsync(WithAuthority);
        using var root = new TemporaryFile(server.AuthorityPem);
        using var stranger = new TemporaryFile(other.AuthorityPem);
        await ReadAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = root.Path });
        Assert.Contains("not trusted",
            (await FailAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = stranger.Path })).Message);
        Assert.Contains("not trusted", (await FailAsync(server.Uri)).Message);
        Assert.Contains("not trusted", (await FailAsync(new Uri($"https://localhost:{server.Uri.Port}"),
            new ConnectionOptions { ServerCertificatePath = root.Path })).Message);
    }

    [Fact]
    public async Task An_authority_between_is_enough_without_its_root()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(WithAuthority);
        await using TrackingServer other = await TrackingServer.StartAsync(WithAuthority);
        using var between = new TemporaryFile(server.IntermediatePem);
        using var stranger = new TemporaryFile(other.IntermediatePem);
        await ReadAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = between.Path });
        Assert.Contains("not trusted",
            (await FailAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = stranger.Path })).Message);
        Assert.Contains("not trusted", (await FailAsync(new Uri($"https://localhost:{server.Uri.Port}"),
            new ConnectionOptions { ServerCertificatePath = between.Path })).Message);
    }

    [Theory]
    [InlineData("der")]
    [InlineData("pkcs7")]
    [InlineData("utf16")]
    [InlineData("comments")]
    public async Task Authorities_are_read_from_DER_and_from_PEM_of_any_encoding(string form)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(WithAuthority);
        using var file = new TemporaryFile("");
        using X509Certificate2 root = X509Certificate2.CreateFromPem(server.AuthorityPem);
        byte[] content = form switch
        {
            "der" => root.Export(X509ContentType.Cert),
            "pkcs7" => new X509Certificate2Collection(root).Export(X509ContentType.Pkcs7)!,
            "utf16" => [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(server.AuthorityPem.Replace("\n", "\r\n"))],
            _ => Encoding.UTF8.GetBytes($"# the company's root\n{server.AuthorityPem}\nsubject=none\n"),
        };
        await File.WriteAllBytesAsync(file.Path, content, TestContext.Current.CancellationToken);
        await ReadAsync(server.Uri, new ConnectionOptions { ServerCertificatePath = file.Path });
    }

    [Theory]
    [InlineData("", "contains no certificate")]
    [InlineData("hello", "contains no certificate")]
    [InlineData("0 is the first byte of DER", "cannot be read")]
    [InlineData("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", "cannot be read")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read")]
    public async Task A_file_without_authorities_is_told(string content, string expected)
    {
        using var file = new TemporaryFile(content);
        MlflowException e = await FailAsync(new Uri("https://127.0.0.1:1"), new ConnectionOptions { ServerCertificatePath = file.Path });
        Assert.Equal((ErrorKind.InvalidValue, file.Path), (e.Kind, e.Target));
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public async Task A_client_certificate_without_its_key_is_told_before_anything_is_sent()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(WithClientCertificate);
        await using TrackingServer other = await TrackingServer.StartAsync(WithClientCertificate);
        string wanted = server.ClientCertificatePem, key = wanted[wanted.IndexOf("-----BEGIN PRIVATE", StringComparison.Ordinal)..];
        byte[][] wrong =
        [
            [], Encoding.UTF8.GetBytes("hello"), server.ClientCertificate!.Export(X509ContentType.Cert),
                Encoding.UTF8.GetBytes(server.CertificatePem),
            Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(other.ClientCertificate!.ExportCertificatePem() + "\n" + key),
            server.ClientCertificate.Export(X509ContentType.Pfx, "a password"),
        ];
        using var file = new TemporaryFile("");
        foreach (byte[] content in wrong)
        {
            await File.WriteAllBytesAsync(file.Path, content, TestContext.Current.CancellationToken);
            MlflowException e = await FailAsync(server.Uri,
                new ConnectionOptions { InsecureTls = true, ClientCertificatePath = file.Path });
            Assert.Equal((ErrorKind.InvalidValue, file.Path), (e.Kind, e.Target));
            Assert.Contains("a certificate and its private key, without a password", e.Message);
        }

        Assert.Empty(server.Requests);
        await File.WriteAllBytesAsync(file.Path, server.ClientCertificate.Export(X509ContentType.Pfx),
            TestContext.Current.CancellationToken);
        await ReadAsync(server.Uri, new ConnectionOptions { InsecureTls = true, ClientCertificatePath = file.Path });
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
    public async Task A_run_that_is_missing_or_another_users_gets_both_possibilities()
    {
        TrackingServerOptions options = new()
        {
            Version = MlflowVersion.V3_17,
            Username = "ada",
            Password = "right",
            ReaderUsername = "bob",
            ReaderPassword = Secret
        };
        await using TrackingServer server = await TrackingServer.StartAsync(options);
        using var reader = new RestStore(server.Uri, new ConnectionOptions { Username = "bob", Password = Secret });
        string missing = new('0', 32);
        Func<Task>[] asked =
        [
            () => reader.GetRunAsync(missing, default),
            () => reader.UpdateRunAsync(new RunUpdate(missing, RunStatus.Finished), default),
            () => reader.LogBatchAsync(missing, new RunData { Metrics = [new("m", 1, 1)] }, default),
        ];
        foreach (Func<Task> ask in asked)
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(ask);
            Assert.Equal((ErrorKind.PermissionDenied, 403), (e.Kind, e.StatusCode));
            Assert.Contains("denied the request, or the run does not exist (403): Permission denied. MLflow 3.17", e.Message);
        }

        using var admin = new RestStore(server.Uri, new ConnectionOptions { Username = "ada", Password = "right" });
        Assert.Equal(ErrorKind.RunNotFound, (await Assert.ThrowsAsync<MlflowException>(() => admin.GetRunAsync(missing, default))).Kind);
    }

    [Theory]
    [InlineData("2.17-auth", "012-reader-missing-run", ErrorKind.RunNotFound, "returned 404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("3.11-auth", "012-reader-missing-run", ErrorKind.RunNotFound, "returned 404 RESOURCE_DOES_NOT_EXIST")]
    [InlineData("3.17-auth", "012-reader-missing-run", ErrorKind.PermissionDenied, "or the run does not exist (403): Permission denied.")]
    [InlineData("3.17-auth", "009-reader-log-metric-forbidden", ErrorKind.PermissionDenied,
        "or the run does not exist (403): Permission denied.")]
    [InlineData("3.17-auth", "010-reader-artifact-put-forbidden", ErrorKind.PermissionDenied,
        "or the run does not exist (403): Permission denied.")]
    [InlineData("3.17-auth", "003-wrong-password", ErrorKind.AuthenticationFailed, "received no credentials, or rejected them (401).")]
    public void What_a_real_server_said_is_understood(string server, string name, ErrorKind kind, string expected)
    {
        string file = Path.Combine(SharedMaterial.Repository()!, "..", "shared", "mlflow", "transcripts", server, $"{name}.json");
        Assert.SkipUnless(File.Exists(file), $"There is no shared/mlflow/transcripts/{server} beside the repository.");
        using JsonDocument recorded = JsonDocument.Parse(File.ReadAllText(file));
        JsonElement response = recorded.RootElement.GetProperty("response");
        string contentType = response.GetProperty("headers").EnumerateArray().Single(header =>
            "content-type".Equals(header[0].GetString(), StringComparison.OrdinalIgnoreCase))[1].GetString()!;
        MlflowException e = ServerErrors.From(response.GetProperty("status").GetInt32(), contentType,
            response.GetProperty("body").GetString()!, null, null, new Uri("http://host/"), ErrorKind.RunNotFound);
        Assert.Equal(kind, e.Kind);
        Assert.Contains(expected, e.Message);
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
        // The test server is not a proxy and refuses, but the request shows that it was used as one.
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
