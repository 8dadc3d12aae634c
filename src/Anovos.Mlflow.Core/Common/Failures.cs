using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Decides what a failure means for the rest of the work: whether a retry may help, whether the server is away, and whether
/// other requests, files or runs are affected. Everything else asks here.
/// </summary>
public static class Failures
{
    // A page token or a session token is not a credential.
    private const string Credential = @"(?:jwt|(?<!(?:page|session|continuation|upload)[ _-])token|credentials?)";

    // As servers and gateways word it: "Invalid access token.", "JWT has expired", "Token is expiring within 30 seconds".
    private static readonly Regex ExpiredCredential = new(
        @"\b(?:expired|invalid|revoked)[ _-]?(?:(?:access|auth\w*|bearer|databricks|id|oauth|personal|provided)[ _-])*" + Credential
        + "|" + Credential + @"\b(?:[\s:]+\w+){0,5}?[\s:]+"
        + @"(?:expir\w*|invalid|revoked|no longer valid|not (?:active|recognized|valid)|could not be (?:validated|verified))\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    // What comes before such words in a message that is about nothing else: a code, an exception's name, an article.
    private static readonly Regex Beginning = new(
        @"\A\W*(?:[\w.]+:\s*)*(?:\w+\.)*(?:(?:the|your|this|access|oauth|bearer|provided|databricks|personal)\s+)*\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    /// <summary>True if the server or its bucket cannot be reached, after all retries: work goes on in a folder if there is one.</summary>
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

    /// <summary>True if a page with this status comes from a proxy that got no answer from the server.</summary>
    internal static bool IsFromGateway(int status) => status is 502 or 503 or 504;

    /// <summary>True if the server limits the number of requests, and there were too many.</summary>
    internal static bool IsLimited(int status) => status == 429;

    /// <summary>True if the request was larger than the server or a proxy accepts; a smaller one may pass.</summary>
    internal static bool IsTooLarge(this MlflowException e) => e.StatusCode == 413;

    /// <summary>
    /// True if the server may have done what was asked although the request failed: a proxy stopped waiting for it, the time ran out,
    /// or the connection broke.
    /// </summary>
    internal static bool MayHaveBeenDone(this MlflowException e) =>
        e.StatusCode is 502 or 503 or 504 || (e.StatusCode is null && e.Kind == ErrorKind.TrackingServerUnreachable);

    /// <summary>True if a retry of the same request may succeed.</summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="kind">The kind of failure, if the response body shows it: some servers report a wrong value as 500.</param>
    /// <param name="code">The server's error code: S3 has some that it sends as 400, Google as 403.</param>
    internal static bool IsTransient(int status, ErrorKind kind = ErrorKind.ServerError, string? code = null) =>
        (status is 408 or 429 or 500 or 502 or 503 or 504
            || code is "RequestTimeout" or "SlowDown" or "rateLimitExceeded" or "userRateLimitExceeded")
        && kind is not (ErrorKind.ParameterConflict or ErrorKind.InvalidValue or ErrorKind.AuthenticationFailed
            or ErrorKind.PermissionDenied);

    /// <summary>
    /// True if a refusal is about the credentials, so that other ones may be accepted: they have expired, were revoked or are
    /// unknown. Databricks answers 403 or 400 then, and so do gateways.
    /// </summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="code">The server's error code, if it is a word.</param>
    /// <param name="message">The server's words.</param>
    internal static bool RefusesCredentials(int status, string? code, string message)
    {
        if (status == 401 || (status is 400 or 403 && code is "UNAUTHENTICATED" or "invalid_token"))
            return true;
        if (status is not (400 or 403) || code == "INVALID_PARAMETER_VALUE")
            return false;

        // With a code of its own, a message may quote the name of anything.
        return ExpiredCredential.Match(message) is { Success: true } found
            && (code is null || Beginning.IsMatch(message.Substring(0, found.Index)));
    }

    /// <summary>
    /// The HTTP status that an error of a workspace means. MLflow answers 500 for a refusal of the workspace behind it whose code it does
    /// not know; then the code, or the words about a credential, tell.
    /// </summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="code">The server's error code, if it is a word.</param>
    /// <param name="number">The server's error code, if it is a number.</param>
    /// <param name="message">The server's words.</param>
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

    /// <summary>True if a storage refuses a signed address, so that a new one may be accepted.</summary>
    internal static bool RefusesSignature(this MlflowException e) => e.StatusCode is 401 or 403 || e.ErrorCode == "ExpiredToken";

    /// <summary>True if a retry may succeed after a request got no response.</summary>
    internal static bool IsTransient(ConnectionFailure failure) =>
        failure is not (ConnectionFailure.NotTls or ConnectionFailure.Untrusted or ConnectionFailure.UnknownHost
            or ConnectionFailure.ProxyRefused);

    /// <summary>
    /// The reason why a request got no response, and the exception in the chain that shows it. Types, statuses and codes decide,
    /// never a message: .NET Framework has them in the language of the system.
    /// </summary>
    internal static (ConnectionFailure Failure, Exception? Cause) Connection(Exception? exception)
    {
        List<Exception> chain = [];
        for (Exception? e = exception; e is not null; e = e.InnerException)
            chain.Add(e);

        // The most exact ones first: what is in front of them only says that a request failed.
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

    // Where no exception inside is more exact. .NET Framework gives an unknown host no SocketException.
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
    /// <summary>The time ran out.</summary>
    TimedOut,

    /// <summary>No TLS connection came about: the server does not speak TLS, or no version of it that is spoken here.</summary>
    NotTls,

    /// <summary>The server's certificate is not trusted.</summary>
    Untrusted,

    /// <summary>The proxy wants credentials, or others.</summary>
    ProxyRefused,

    /// <summary>The proxy is not known to DNS, or opened no connection to the server.</summary>
    ProxyFailed,

    /// <summary>DNS does not know the host.</summary>
    UnknownHost,

    /// <summary>Nothing listens at the port.</summary>
    Refused,

    /// <summary>Another failure of the network.</summary>
    Network,

    /// <summary>The connection broke after it was open.</summary>
    Broken,
}
