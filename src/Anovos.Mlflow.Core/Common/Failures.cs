using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Decides what a failure means for the rest of the work: whether a retry may help, whether the server is unreachable, and whether
/// other requests, files or runs are affected. All other code relies on these rules.
/// </summary>
public static class Failures
{
    // A page token or a session token is not a credential.
    private const string Credential = @"(?:jwt|(?<!(?:page|session|continuation|upload)[ _-])token|credentials?)";

    // As worded by servers and gateways: "Invalid access token.", "JWT has expired", "Token is expiring within 30 seconds".
    private static readonly Regex ExpiredCredential = new(
        @"\b(?:expired|invalid|revoked)[ _-]?(?:(?:access|auth\w*|bearer|databricks|id|oauth|personal|provided)[ _-])*" + Credential
        + "|" + Credential + @"\b(?:[\s:]+\w+){0,5}?[\s:]+"
        + @"(?:expir\w*|invalid|revoked|no longer valid|not (?:active|recognized|valid)|could not be (?:validated|verified))\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    // What may precede such words in a message that is only about credentials: a code, an exception's name, an article.
    private static readonly Regex Beginning = new(
        @"\A\W*(?:[\w.]+:\s*)*(?:\w+\.)*(?:(?:the|your|this|access|oauth|bearer|provided|databricks|personal)\s+)*\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>True if the server or its bucket is unreachable after all retries. Work continues in a folder if there is one.</summary>
    public static bool IsServerAway(this MlflowException e) => e.Kind == ErrorKind.TrackingServerUnreachable || e.StatusCode is 429 or 502 or 503 or 504;

    /// <summary>True if every further request to the same server will fail in the same way.</summary>
    public static bool EndsOperation(this MlflowException e) =>
        e.Kind is ErrorKind.TrackingServerUnreachable or ErrorKind.AuthenticationFailed or ErrorKind.NotAnMlflowServer;

    /// <summary>
    /// True if all other artifacts of the run will fail in the same way: they share its permissions, its bucket and its root.
    /// </summary>
    public static bool EndsTransfer(this MlflowException e) =>
        e.EndsOperation() || e.Kind is ErrorKind.PermissionDenied or ErrorKind.BucketNotFound or ErrorKind.UriUnsupported;

    /// <summary>True if no further object of a pipeline can be processed.</summary>
    public static bool EndsPipeline(this MlflowException e) =>
        e.EndsOperation() || e.Kind is ErrorKind.BucketNotFound or ErrorKind.UriUnsupported or ErrorKind.NoActiveRun or ErrorKind.NotSupported;

    /// <summary>True if the failure concerns one file only, so that the transfer of others continues.</summary>
    internal static bool ConcernsOneFile(this Exception e) =>
        e is IOException or UnauthorizedAccessException || (e is MlflowException known && !known.EndsTransfer());

    /// <summary>True if a request that only saves work may be skipped: the server refused it, and may still accept others.</summary>
    internal static bool MayBeSkipped(this MlflowException e) => e.Kind == ErrorKind.PermissionDenied || !e.EndsTransfer();

    /// <summary>True if the server asks for fewer requests.</summary>
    internal static bool IsThrottled(this MlflowException e) => e.StatusCode is 429 or 503;

    /// <summary>True if a page with this status means that MLflow is not at this path. Only these statuses are about the path.</summary>
    internal static bool IsWrongPath(int status) => status is < 400 or 404 or 405 or 410;

    /// <summary>True if a page with this status comes from a proxy that got no response from the server.</summary>
    internal static bool IsFromGateway(int status) => status is 502 or 503 or 504;

    /// <summary>True if the server refused the request for good: it lacks the endpoint or the object, or denies access to it.</summary>
    internal static bool IsRefused(this MlflowException e) =>
        e.StatusCode is >= 400 and < 500 and not (408 or 429) && e.Kind != ErrorKind.AuthenticationFailed;

    /// <summary>True if the server rejected the request because there were too many (throttling).</summary>
    internal static bool IsLimited(int status) => status == 429;

    /// <summary>True if the request was larger than the server or a proxy accepts; a smaller one may succeed.</summary>
    internal static bool IsTooLarge(this MlflowException e) => e.StatusCode == 413;

    /// <summary>
    /// True if the server may have executed the request although it failed: a proxy stopped waiting for the server, the request timed
    /// out, or the connection broke.
    /// </summary>
    internal static bool MayHaveBeenDone(this MlflowException e) =>
        e.StatusCode is 502 or 503 or 504 || (e.StatusCode is null && e.Kind == ErrorKind.TrackingServerUnreachable);

    /// <summary>True if a retry of the same request may succeed.</summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="kind">The kind of failure, if the response body shows it: some servers report an invalid value as 500.</param>
    /// <param name="code">The server's error code: S3 sends some transient errors as 400, Google as 403.</param>
    internal static bool IsTransient(int status, ErrorKind kind = ErrorKind.ServerError, string? code = null) =>
        (status is 408 or 429 or 500 or 502 or 503 or 504
            || code is "RequestTimeout" or "SlowDown" or "rateLimitExceeded" or "userRateLimitExceeded")
        && kind is not (ErrorKind.ParameterConflict or ErrorKind.InvalidValue or ErrorKind.AuthenticationFailed
            or ErrorKind.PermissionDenied);

    /// <summary>
    /// True if the server rejected the credentials, because they have expired, were revoked or are unknown, so that others may be
    /// accepted. Databricks returns 403 or 400 in this case, and so do gateways.
    /// </summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="code">The server's error code, if it is text.</param>
    /// <param name="message">The server's message.</param>
    internal static bool RefusesCredentials(int status, string? code, string message)
    {
        if (status == 401 || (status is 400 or 403 && code is "UNAUTHENTICATED" or "invalid_token"))
            return true;
        if (status is not (400 or 403) || code == "INVALID_PARAMETER_VALUE")
            return false;

        // A message with an error code may quote arbitrary names, so the words count only at its beginning.
        return ExpiredCredential.Match(message) is { Success: true } found
            && (code is null || Beginning.IsMatch(message.Substring(0, found.Index)));
    }

    /// <summary>
    /// The HTTP status that a workspace's error stands for. MLflow returns 500 if the workspace behind it refuses with a code that MLflow
    /// does not know. The error code, or a message about credentials, then shows the actual status.
    /// </summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="code">The server's error code, if it is text.</param>
    /// <param name="number">The server's error code, if it is a number.</param>
    /// <param name="message">The server's message.</param>
    internal static int StatusMeant(int status, string? code, int? number, string message) =>
        status != 500 ? status
        : number is >= 400 and < 600 ? number.Value
        : code switch
        {
            "UNAUTHENTICATED" or "CUSTOMER_UNAUTHORIZED" => 401,
            "PERMISSION_DENIED" => 403,
            null or "INTERNAL_ERROR" when RefusesCredentials(403, "INTERNAL_ERROR", message) => 401,
            _ => 500,
        };

    /// <summary>True if the storage rejects a presigned URL, so that a new one may be accepted.</summary>
    internal static bool RefusesSignature(this MlflowException e) => e.StatusCode is 401 or 403 || e.ErrorCode == "ExpiredToken";

    /// <summary>True if a retry may succeed after a request got no response.</summary>
    internal static bool IsTransient(ConnectionFailure failure) =>
        failure is not (ConnectionFailure.NotTls or ConnectionFailure.Untrusted or ConnectionFailure.UnknownHost
            or ConnectionFailure.ProxyRefused);

    /// <summary>
    /// The reason why a request got no response, and the exception in the chain that shows it. Types, statuses and codes decide,
    /// never messages, which .NET Framework writes in the system's language.
    /// </summary>
    internal static (ConnectionFailure Failure, Exception? Cause) Connection(Exception? exception)
    {
        List<Exception> chain = [];
        for (Exception? e = exception; e is not null; e = e.InnerException)
            chain.Add(e);

        // The most specific first. Outer exceptions only say that a request failed.
        return First(e => e is UntrustedCertificateException ? ConnectionFailure.Untrusted : null)
            ?? First(Known)
            ?? First(e => e is WebException web ? OfStatus(web.Status) : null)
            ?? (ConnectionFailure.Broken, exception);

        (ConnectionFailure, Exception?)? First(Func<Exception, ConnectionFailure?> failure)
        {
            foreach (Exception e in chain)
            {
                if (failure(e) is { } found)
                    return (found, e);
            }

            return null;
        }
    }

    private static ConnectionFailure? Known(Exception e) => e switch
    {
        TimeoutException or WebException { Status: WebExceptionStatus.Timeout } => ConnectionFailure.TimedOut,
        WebException { Status: WebExceptionStatus.TrustFailure } => ConnectionFailure.Untrusted,
        WebException { Status: WebExceptionStatus.SecureChannelFailure } or AuthenticationException => ConnectionFailure.NotTls,
        WebException { Response: HttpWebResponse { StatusCode: HttpStatusCode.ProxyAuthenticationRequired } } =>
            ConnectionFailure.ProxyRefused,
        WebException { Status: WebExceptionStatus.ProxyNameResolutionFailure or WebExceptionStatus.RequestProhibitedByProxy } =>
            ConnectionFailure.ProxyFailed,
#if NET
        HttpRequestException { StatusCode: HttpStatusCode.ProxyAuthenticationRequired } => ConnectionFailure.ProxyRefused,
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => ConnectionFailure.ProxyFailed,
#endif
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => ConnectionFailure.UnknownHost,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => ConnectionFailure.Refused,
        SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted } => ConnectionFailure.Broken,
        SocketException => ConnectionFailure.Network,
        _ => null,
    };

    // Used when no inner exception is more specific. .NET Framework reports an unknown host without a SocketException.
    private static ConnectionFailure? OfStatus(WebExceptionStatus status) => status switch
    {
        WebExceptionStatus.NameResolutionFailure => ConnectionFailure.UnknownHost,
        WebExceptionStatus.ConnectFailure => ConnectionFailure.Network,
        _ => null,
    };
}

/// <summary>The reason why a request got no response.</summary>
internal enum ConnectionFailure
{
    /// <summary>The request timed out.</summary>
    TimedOut,

    /// <summary>The TLS handshake failed: the server does not use TLS, or supports no version that this client supports.</summary>
    NotTls,

    /// <summary>The server's certificate is not trusted.</summary>
    Untrusted,

    /// <summary>The proxy requires credentials, or rejected those it received.</summary>
    ProxyRefused,

    /// <summary>The proxy's name cannot be resolved, or the proxy could not connect to the server.</summary>
    ProxyFailed,

    /// <summary>DNS does not know the host.</summary>
    UnknownHost,

    /// <summary>Nothing is listening on the port.</summary>
    Refused,

    /// <summary>Another network failure.</summary>
    Network,

    /// <summary>The connection broke after it was open.</summary>
    Broken,
}
