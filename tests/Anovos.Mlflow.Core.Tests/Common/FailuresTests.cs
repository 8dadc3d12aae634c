using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Common;

public class FailuresTests
{
    // Kinds that are not listed concern one item only: they do not make further requests fail.
    private static readonly Dictionary<ErrorKind, (bool Operation, bool Transfer, bool Pipeline, bool Skipped)> Wide = new()
    {
        [ErrorKind.TrackingServerUnreachable] = (true, true, true, false),
        [ErrorKind.AuthenticationFailed] = (true, true, true, false),
        [ErrorKind.NotAnMlflowServer] = (true, true, true, false),
        [ErrorKind.BucketNotFound] = (false, true, true, false),
        [ErrorKind.PermissionDenied] = (false, true, false, true),
        [ErrorKind.UriUnsupported] = (false, true, true, false),
        [ErrorKind.NoActiveRun] = (false, false, true, true),
        [ErrorKind.NotSupported] = (false, false, true, true),
    };

    [Fact]
    public void Each_kind_of_failure_has_one_reach()
    {
        foreach (ErrorKind kind in Enum.GetValues<ErrorKind>())
        {
            var e = new MlflowException(kind, "message");
            (bool, bool, bool, bool) expected = Wide.GetValueOrDefault(kind, (false, false, false, true));
            Assert.Equal((kind, expected), (kind, (e.EndsOperation(), e.EndsTransfer(), e.EndsPipeline(), e.MayBeSkipped())));
            Assert.Equal(!e.EndsTransfer(), e.ConcernsOneFile());
        }

        Assert.True(new IOException().ConcernsOneFile());
        Assert.True(new UnauthorizedAccessException().ConcernsOneFile());
        Assert.False(new OperationCanceledException().ConcernsOneFile());
    }

    [Theory]
    [InlineData(200, false, false, false)]
    [InlineData(400, false, false, false)]
    [InlineData(401, false, false, false)]
    [InlineData(408, true, false, false)]
    [InlineData(409, false, false, false)]
    [InlineData(429, true, true, true)]
    [InlineData(500, true, false, false)]
    [InlineData(501, false, false, false)]
    [InlineData(502, true, false, true)]
    [InlineData(503, true, true, true)]
    [InlineData(504, true, false, true)]
    [InlineData(505, false, false, false)]
    public void A_status_is_transient_throttled_or_of_a_server_that_is_away(int status, bool transient, bool throttled, bool away)
    {
        var e = new MlflowException(ErrorKind.ServerError, "message") { StatusCode = status };
        Assert.Equal((transient, throttled, away), (Failures.IsTransient(status), e.IsThrottled(), e.IsServerAway()));
        Assert.False(Failures.IsTransient(status, ErrorKind.ParameterConflict));
        Assert.False(Failures.IsTransient(status, ErrorKind.InvalidValue));
        Assert.True(Failures.IsTransient(status, code: "SlowDown"));
    }

    [Theory]
    [InlineData(401, "PERMISSION_DENIED", "anything", true)]
    [InlineData(403, null, "JWT has expired", true)]
    [InlineData(403, null, "Invalid access token.", true)]
    [InlineData(403, null, "Invalid Token", true)]
    [InlineData(403, null, "Token is expiring within 30 seconds. (token expired)", true)]
    [InlineData(403, null, "The access token is expired or revoked", true)]
    [InlineData(403, null, "Databricks token used for authentication has expired", true)]
    [InlineData(403, null, "Jwt is expired", true)]
    [InlineData(403, null, "{\"error\": \"invalid_token\"}", true)]
    [InlineData(400, null, "io.jsonwebtoken.ExpiredJwtException: JWT expired at 2026-11-29T10:00:00Z", true)]
    [InlineData(400, "BAD_REQUEST", "io.jsonwebtoken.ExpiredJwtException: JWT expired", true)]
    [InlineData(403, "PERMISSION_DENIED", "JWT has expired", true)]
    [InlineData(403, "PERMISSION_DENIED", "PERMISSION_DENIED: The provided token is invalid", true)]
    [InlineData(403, "PERMISSION_DENIED", "ada has no CAN_EDIT on the experiment 'JWT has expired'", false)]
    [InlineData(403, "PERMISSION_DENIED", "User does not have permission", false)]
    [InlineData(403, null, "Source IP address: 192.0.2.7 is blocked by Databricks IP ACL for workspace: 42", false)]
    [InlineData(403, null, "Permission denied", false)]
    [InlineData(400, null, "Invalid page token", false)]
    [InlineData(400, null, "The session token has expired", false)]
    [InlineData(400, "INVALID_PARAMETER_VALUE", "Invalid token", false)]
    [InlineData(404, null, "JWT has expired", false)]
    [InlineData(500, null, "JWT has expired", false)]
    public void A_refusal_is_about_the_credentials_or_about_something_else(int status, string? code, string message, bool expected) =>
        Assert.Equal(expected, Failures.RefusesCredentials(status, code, message));

    [Theory]
    [InlineData(401, null, true)]
    [InlineData(403, "AccessDenied", true)]
    [InlineData(400, "ExpiredToken", true)]
    [InlineData(400, "InvalidArgument", false)]
    [InlineData(404, null, false)]
    public void A_signed_address_is_refused_or_something_else_is(int status, string? code, bool expected) =>
        Assert.Equal(expected,
            new MlflowException(ErrorKind.ServerError, "message") { StatusCode = status, ErrorCode = code }.RefusesSignature());

    [Fact]
    public void A_connection_fails_for_good_or_for_now()
    {
        (Exception? Exception, ConnectionFailure Failure, bool Transient)[] cases =
        [
            (new HttpRequestException("", new TimeoutException()), ConnectionFailure.TimedOut, true),
            (new HttpRequestException("", new AuthenticationException("Cannot determine the frame size")), ConnectionFailure.NotTls, false),
            (new HttpRequestException("", new UntrustedCertificateException(SslPolicyErrors.RemoteCertificateNameMismatch, null)),
                ConnectionFailure.Untrusted, false),
#if NET
            (new HttpRequestException("", null, HttpStatusCode.ProxyAuthenticationRequired), ConnectionFailure.ProxyRefused, false),
            (new HttpRequestException(HttpRequestError.ProxyTunnelError, "", null, HttpStatusCode.BadGateway),
                ConnectionFailure.ProxyFailed, true),
#endif
            (new HttpRequestException("", new SocketException((int)SocketError.HostNotFound)), ConnectionFailure.UnknownHost, false),
            (new HttpRequestException("", new SocketException((int)SocketError.NoData)), ConnectionFailure.UnknownHost, false),
            (new HttpRequestException("", new SocketException((int)SocketError.ConnectionRefused)), ConnectionFailure.Refused, true),
            (new HttpRequestException("", new SocketException((int)SocketError.NetworkUnreachable)), ConnectionFailure.Network, true),
            (new HttpRequestException("", new IOException("reset")), ConnectionFailure.Broken, true),
            (new HttpRequestException("", new IOException("", new SocketException((int)SocketError.ConnectionReset))),
                ConnectionFailure.Broken, true),
            (null, ConnectionFailure.Broken, true),
        ];
        Assert.All(cases, one => Assert.Equal((one.Failure, one.Transient), (Failures.Connection(one.Exception).Failure, Failures.IsTransient(one.Failure))));
#if NET
        Assert.Equal(Enum.GetValues<ConnectionFailure>(), cases.Select(one => one.Failure).Distinct());
#endif
    }

    /// <summary>
    /// The exceptions of .NET Framework's HttpWebRequest on a German Windows, created here because it does not run in these tests.
    /// </summary>
    [Theory]
    [InlineData(WebExceptionStatus.NameResolutionFailure, ConnectionFailure.UnknownHost)]
    [InlineData(WebExceptionStatus.ConnectFailure, ConnectionFailure.Network)]
    [InlineData(WebExceptionStatus.Timeout, ConnectionFailure.TimedOut)]
    [InlineData(WebExceptionStatus.TrustFailure, ConnectionFailure.Untrusted)]
    [InlineData(WebExceptionStatus.SecureChannelFailure, ConnectionFailure.NotTls)]
    [InlineData(WebExceptionStatus.ProxyNameResolutionFailure, ConnectionFailure.ProxyFailed)]
    [InlineData(WebExceptionStatus.RequestProhibitedByProxy, ConnectionFailure.ProxyFailed)]
    [InlineData(WebExceptionStatus.ReceiveFailure, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.SendFailure, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.PipelineFailure, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.RequestCanceled, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.ProtocolError, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.ConnectionClosed, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.ServerProtocolViolation, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.KeepAliveFailure, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.Pending, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.UnknownError, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.MessageLengthLimitExceeded, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.CacheEntryNotFound, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.RequestProhibitedByCachePolicy, ConnectionFailure.Broken)]
    [InlineData(WebExceptionStatus.Success, ConnectionFailure.Broken)]
    internal void A_status_of_HttpWebRequest_decides_in_any_language(WebExceptionStatus status, ConnectionFailure expected)
    {
        var web = new WebException("Die zugrunde liegende Verbindung wurde geschlossen.", status);
        Assert.Equal(expected, Failures.Connection(web).Failure);
        Assert.Equal(expected, Failures.Connection(new HttpRequestException("Fehler beim Senden der Anforderung.", web)).Failure);

        // A message about another failure makes no difference.
        var misleading = new WebException("timeout: the certificate of the proxy, unknown host", status);
        Assert.Equal(expected, Failures.Connection(new HttpRequestException("certificate", misleading)).Failure);
    }

    [Fact]
    public void Every_status_of_HttpWebRequest_is_in_the_list()
    {
        IEnumerable<object?> listed = GetType().GetMethod(nameof(A_status_of_HttpWebRequest_decides_in_any_language),
            System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!
            .GetCustomAttributesData().Where(one => one.AttributeType == typeof(InlineDataAttribute))
            .Select(one => ((IEnumerable<System.Reflection.CustomAttributeTypedArgument>)one.ConstructorArguments[0].Value!).First().Value);
        Assert.Equal(
            Enum.GetValues<WebExceptionStatus>().Select(status => (int)status).Order(), listed.Select(value => (int)value!).Order());
    }

    [Fact]
    public void What_is_inside_an_exception_of_HttpWebRequest_may_be_more_exact()
    {
        Exception refused = new SocketException((int)SocketError.ConnectionRefused), again = new SocketException((int)SocketError.TryAgain);
        Exception reset = new IOException("Von der Übertragungsverbindung können keine Daten gelesen werden",
            new SocketException((int)SocketError.ConnectionReset));
        Exception certificate = new AuthenticationException("Das Remotezertifikat ist laut Validierungsverfahren ungültig.");
        (WebExceptionStatus Status, Exception Inner, ConnectionFailure Failure)[] cases =
        [
            (WebExceptionStatus.ConnectFailure, refused, ConnectionFailure.Refused),
            (WebExceptionStatus.NameResolutionFailure, again, ConnectionFailure.Network),
            (WebExceptionStatus.NameResolutionFailure, new SocketException((int)SocketError.HostNotFound), ConnectionFailure.UnknownHost),
            (WebExceptionStatus.ReceiveFailure, reset, ConnectionFailure.Broken),
            (WebExceptionStatus.TrustFailure, certificate, ConnectionFailure.Untrusted),
            (WebExceptionStatus.SecureChannelFailure, certificate, ConnectionFailure.NotTls),
            (WebExceptionStatus.SendFailure, new UntrustedCertificateException(SslPolicyErrors.None, null), ConnectionFailure.Untrusted),
        ];
        Assert.All(cases, one => Assert.Equal(one.Failure, Failures.Connection(
            new HttpRequestException("Fehler beim Senden", new WebException("Fehler", one.Inner, one.Status, null))).Failure));

        // Without a specific type or status, the message alone does not count as a certificate error.
        var words = new AuthenticationException("The remote certificate is invalid");
        Assert.Equal(ConnectionFailure.NotTls, Failures.Connection(words).Failure);
    }

    [Fact]
    public async Task A_407_is_seen_in_the_exception_of_HttpWebRequest()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task answer = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            byte[] request = new byte[4096];
            _ = await client.GetStream().ReadAsync(request, 0, request.Length);
            await client.GetStream().WriteAsync(
                "HTTP/1.1 407 Proxy-Authentifizierung erforderlich\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
        }, TestContext.Current.CancellationToken);
#pragma warning disable SYSLIB0014 // .NET Framework's HttpClient uses it.
        WebRequest request = WebRequest.Create(new Uri($"http://{listener.LocalEndpoint}/"));
#pragma warning restore SYSLIB0014
        request.Proxy = null;
        WebException e = await Assert.ThrowsAsync<WebException>(request.GetResponseAsync);
        await answer;
        listener.Stop();
        Assert.Equal(WebExceptionStatus.ProtocolError, e.Status);
        Assert.Equal(ConnectionFailure.ProxyRefused, Failures.Connection(new HttpRequestException("Fehler", e)).Failure);
    }

    /// <summary>
    /// Only messages of servers and libraries that are the same in every language may be matched; a comment at each place names the
    /// source.
    /// </summary>
    [Fact]
    public void No_decision_looks_for_words_in_the_message_of_an_exception()
    {
        string core = Path.Combine(SharedMaterial.Repository()!, "src");
        string[] found =
        [
            .. Directory.EnumerateFiles(core, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
                .SelectMany(file => File.ReadLines(file)
                    .Where(line => Regex.IsMatch(line.Split("//")[0], @"\bMessage\.(Contains|IndexOf|StartsWith|EndsWith|Equals)\("))
                    .Select(_ => Path.GetFileName(file)))
                .Order(),
        ];
        Assert.Equal(
            [
                "AzureErrors.cs", "JobAdvice.cs", "JobAdvice.cs", "JobState.cs", "OneTimeRun.cs", "OneTimeRun.cs", "RestModelAliases.cs",
                "S3Errors.cs", "UnityCatalogAliases.cs", "UnityCatalogApi.cs",
            ],
            found);
    }

    [Fact]
    public void A_rewrapped_failure_keeps_everything_that_the_original_knew()
    {
        var e = new MlflowException(ErrorKind.ServerError, "first")
        {
            Target = "run",
            ErrorCode = "CODE",
            StatusCode = 503,
            IsTransient = true,
            RetryAfter = TimeSpan.FromSeconds(3),
            RequestId = "r-1",
        };
        var known = typeof(MlflowException).GetProperties().Where(property => property.DeclaringType == typeof(MlflowException)).ToList();
        Assert.All(known, property => Assert.NotEqual(property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null, property.GetValue(e)));

        MlflowException same = e.Rewrap("second");
        Assert.Equal(("second", e), (same.Message, same.InnerException));
        Assert.All(known, property => Assert.Equal(property.GetValue(e), property.GetValue(same)));

        MlflowException other = e.Rewrap("third", ErrorKind.NotSupported, "model");
        Assert.Equal((ErrorKind.NotSupported, "model", "CODE", "r-1"), (other.Kind, other.Target, other.ErrorCode, other.RequestId));
    }

    [Fact]
    public void No_other_file_decides_by_the_status_of_a_busy_or_absent_server()
    {
        string core = Path.Combine(SharedMaterial.Repository()!, "src");
        string[] files =
        [
            .. Directory.EnumerateFiles(core, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}"))
                .Where(file => File.ReadLines(file).Any(line => Regex.IsMatch(line.Split("//")[0], @"\b(408|429|502|503|504)\b")))
                .Select(file => Path.GetFileName(file)),
        ];
        Assert.Equal(["Failures.cs"], files);
    }
}
