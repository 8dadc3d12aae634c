using System.Management.Automation;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests that a password gives access to a server and never leaks. <c>ANOVOS_TEST_AUTH_TRACKING_URI</c>,
/// <c>…_USERNAME</c> and <c>…_PASSWORD</c> name a real server with basic authentication.
/// </summary>
public sealed class AuthenticationTests : IAsyncLifetime
{
    private readonly ScriptSession _session = new();
    private TrackingServer? _server;
    private string _password = "hush-hush-42";

    [Theory]
    [InlineData("test server")]
    [InlineData("real server")]
    public async Task The_right_password_opens_a_server_and_no_stream_shows_it(string where)
    {
        (string uri, string user) = await ServerAsync(where);
        ScriptResult result = _session.Run(
            """
            $credential = [pscredential]::new($User, $Secret)
            Connect-Mlflow $Uri -Credential $credential -Verbose
            Get-MlflowConnection -Verbose
            Test-MlflowConnection -Verbose
            Start-MlflowRun -Experiment secrets -Verbose
            Send-MlflowArtifact $File -Verbose
            Stop-MlflowRun -Verbose
            """,
            ("Uri", uri), ("User", user), ("Secret", Secure(_password)), ("File", _session.Write("a.txt", "x"))).Clean();
        Assert.Equal("True", result.Output[2].Properties["Usable"].Value.ToString());
        Assert.Equal("Finished", result.Output[^1].Properties["Status"].Value.ToString());
        AssertHidden(result, user);
    }

    [Theory]
    [InlineData("test server")]
    [InlineData("real server")]
    public async Task A_wrong_password_is_told_and_no_stream_shows_it(string where)
    {
        (string uri, string user) = await ServerAsync(where);
        string right = _password;
        _password += "-wrong";
        ScriptResult result = _session.Run(
            "Connect-Mlflow $Uri -Credential ([pscredential]::new($User, $Secret)) -Verbose; $env:MLFLOW_TRACKING_USERNAME = $User; $env:MLFLOW_TRACKING_PASSWORD = $Wrong; Test-MlflowConnection -TrackingUri $Uri -Verbose; Start-MlflowRun -TrackingUri $Uri -Verbose; $env:MLFLOW_TRACKING_USERNAME = $env:MLFLOW_TRACKING_PASSWORD = $null",
            ("Uri", uri), ("User", user), ("Secret", Secure(_password)), ("Wrong", _password));
        Assert.Equal(["AuthenticationFailed", "AuthenticationFailed"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal("AuthenticationFailed", result.Output[0].Properties["Problem"].Value.ToString());
        AssertHidden(result, user);
        Assert.DoesNotContain(right, string.Join('\n', result.Errors.Select(error => error.Exception.ToString())));
    }

    [Fact]
    public async Task A_password_in_the_tracking_URI_opens_the_server_and_is_shown_nowhere()
    {
        (string uri, string user) = await ServerAsync("test server");
        ScriptResult result = _session.Run(
            "Start-MlflowRun -TrackingUri $Uri -Verbose; $env:MLFLOW_TRACKING_URI; Write-MlflowMetric m 1 -Verbose; Stop-MlflowRun -Verbose",
            ("Uri", uri.Replace("://", $"://{user}:{_password}@"))).Clean();
        AssertHidden(result, user);
        ScriptResult connection = _session.Run("Connect-Mlflow $Uri; Test-MlflowConnection -TrackingUri $Database", ("Uri", uri.Replace("://", $"://{user}:{_password}@")), ("Database", $"postgresql://{user}:{_password}@db/x")).Clean();
        Assert.Equal(("Basic", user), ((string)connection.Output[0].Properties["Authentication"].Value, (string)connection.Output[0].Properties["Username"].Value));
        AssertHidden(connection, user);
    }

    [Fact]
    public async Task A_run_that_an_ordinary_user_does_not_get_may_be_missing_or_anothers_and_the_others_come()
    {
        _server = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = MlflowVersion.V3_17,
            Username = "ada",
            Password = _password,
            ReaderUsername = "bob",
            ReaderPassword = _password,
        });
        ScriptResult result = _session.Run(
            """
            $null = Connect-Mlflow $Uri -Credential ([pscredential]::new('bob', $Secret))
            $run = Start-MlflowRun -Experiment own
            $missing = '0' * 32
            (Get-MlflowRun $missing, $run.RunId).RunId -eq $run.RunId
            Stop-MlflowRun | ForEach-Object Status
            """,
            ("Uri", _server.Uri.ToString()), ("Secret", Secure(_password)));
        Assert.Equal("PermissionDenied", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains("denied the request, or the run does not exist (403): Permission denied.", result.Errors[0].ToString());
        Assert.Equal("Finished", result.Texts[^1]);
    }

    [Theory]
    [InlineData("no-such-file.pem")]
    [InlineData("text.pem")]
    [InlineData("certificate-without-key.pem")]
    [InlineData("certificate-without-key.der")]
    [InlineData("other.pem")]
    public async Task A_wrong_client_certificate_ends_the_script_before_it_works_elsewhere(string file)
    {
        _server = await TrackingServer.StartAsync(new TrackingServerOptions { UseTls = true, RequireClientCertificate = true });
        await using TrackingServer other = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            UseTls = true,
            RequireClientCertificate = true
        });
        _session.Write("text.pem", "hello");
        _session.Write("certificate-without-key.pem", _server.ClientCertificate!.ExportCertificatePem());
        File.WriteAllBytes(Path.Combine(_session.Folder, "certificate-without-key.der"),
            _server.ClientCertificate!.Export(X509ContentType.Cert));
        _session.Write("other.pem", other.ClientCertificatePem);
        _session.Write("right.pem", _server.ClientCertificatePem);
        const string Script =
            """
            try {
                $null = Connect-Mlflow $Uri -SkipCertificateCheck -ClientCertificatePath $File 3>$null
                $null = Start-MlflowRun -Experiment elsewhere
                'went on'
                $null = Stop-MlflowRun
            } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            """;
        ScriptResult wrong = _session.Run(Script, ("Uri", _server.Uri.ToString()), ("File", file));
        Assert.Equal([file == "other.pem" ? "TrackingServerUnreachable" : "InvalidValue"], wrong.Texts);
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "mlruns")));
        Assert.Equal(["went on"], _session.Run(Script, ("Uri", _server.Uri.ToString()), ("File", "right.pem")).Clean().Texts);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(500)]
    public async Task Whatever_a_server_refuses_Connect_with_ends_the_command(int status)
    {
        _server = await TrackingServer.StartAsync();
        _server.Faults.Add("*", "*", Faults.ProxyPage(status));
        ScriptResult result = _session.Run("try { $null = Connect-Mlflow $Uri; 'went on' } catch { 'ended' }",
            ("Uri", _server.Uri.ToString()));
        Assert.Equal("ended", Assert.Single(result.Texts));
        Assert.Empty(result.Errors);
    }

    public ValueTask InitializeAsync() => default;

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static System.Security.SecureString Secure(string text) => new NetworkCredential("", text).SecurePassword;

    private void AssertHidden(ScriptResult result, string user)
    {
        IEnumerable<string> all = result.Texts.Concat(result.Verbose).Concat(result.Warnings)
            .Concat(result.Errors.SelectMany(error => new[] { error.ToString(), error.Exception.ToString(), error.CategoryInfo.ToString(), $"{error.TargetObject}" }))
            .Concat(result.Output.SelectMany(item => item.Properties.Select(property => $"{property.Value}")));
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{_password}"));
        Assert.DoesNotContain(all, text => text.Contains(_password) || text.Contains(encoded));
    }

    private async Task<(string Uri, string User)> ServerAsync(string where)
    {
        if (where == "test server")
        {
            _server = await TrackingServer.StartAsync(new TrackingServerOptions { Username = "ada", Password = _password });
            return (_server.Uri.ToString(), "ada");
        }

        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_AUTH_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_AUTH_TRACKING_URI names no MLflow server with basic authentication");
        _password = Environment.GetEnvironmentVariable("ANOVOS_TEST_AUTH_PASSWORD")!;
        return (uri!, Environment.GetEnvironmentVariable("ANOVOS_TEST_AUTH_USERNAME")!);
    }
}
