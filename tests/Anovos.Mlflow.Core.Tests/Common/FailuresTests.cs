using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Common;

public class FailuresTests
{
    // Kinds that are not listed concern one item: no further request fails because of them.
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
            (new HttpRequestException("", new AuthenticationException("The remote certificate is invalid")), ConnectionFailure.Untrusted, false),
            (new HttpRequestException("", null, HttpStatusCode.ProxyAuthenticationRequired), ConnectionFailure.ProxyRefused, false),
            (new HttpRequestException("", new SocketException((int)SocketError.HostNotFound)), ConnectionFailure.UnknownHost, false),
            (new HttpRequestException("", new SocketException((int)SocketError.NoData)), ConnectionFailure.UnknownHost, false),
            (new HttpRequestException("", new SocketException((int)SocketError.ConnectionRefused)), ConnectionFailure.Refused, true),
            (new HttpRequestException("", new SocketException((int)SocketError.NetworkUnreachable)), ConnectionFailure.Network, true),
            (new HttpRequestException("", new IOException("reset")), ConnectionFailure.Broken, true),
            (null, ConnectionFailure.Broken, true),
        ];
        Assert.All(cases, one => Assert.Equal((one.Failure, one.Transient), (Failures.Connection(one.Exception).Failure, Failures.IsTransient(one.Failure))));
        Assert.Equal(Enum.GetValues<ConnectionFailure>(), cases.Select(one => one.Failure).Distinct());
    }

    [Fact]
    public void A_rewrapped_failure_keeps_everything_that_the_original_knew()
    {
        var e = new MlflowException(ErrorKind.ServerError, "first")
        {
            Target = "run", ErrorCode = "CODE", StatusCode = 503, IsTransient = true, RetryAfter = TimeSpan.FromSeconds(3), RequestId = "r-1",
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
