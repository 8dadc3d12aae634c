using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Anovos.Mlflow;

/// <summary>
/// Decides what a failure means for the rest of the work: whether a retry may help, whether the server is away, and whether
/// other requests, files or runs are affected. Everything else asks here.
/// </summary>
public static class Failures
{
    /// <summary>True if the server or its bucket cannot be reached, after all retries: work goes on in a folder if there is one.</summary>
    public static bool IsServerAway(this MlflowException e) => e.Kind == ErrorKind.TrackingServerUnreachable || e.StatusCode is 429 or 502 or 503 or 504;

    /// <summary>True if every further request to the same server will fail in the same way.</summary>
    public static bool EndsOperation(this MlflowException e) =>
        e.Kind is ErrorKind.TrackingServerUnreachable or ErrorKind.AuthenticationFailed or ErrorKind.NotAnMlflowServer;

    /// <summary>True if all other artifacts of the run will fail in the same way: they share its permissions and its bucket.</summary>
    public static bool EndsTransfer(this MlflowException e) => e.EndsOperation() || e.Kind is ErrorKind.PermissionDenied or ErrorKind.BucketNotFound;

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

    /// <summary>True if a retry of the same request may succeed.</summary>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="kind">The kind of failure, if the response body shows it: some servers report a wrong value as 500.</param>
    /// <param name="code">The server's error code: S3 has some that it sends as 400.</param>
    internal static bool IsTransient(int status, ErrorKind kind = ErrorKind.ServerError, string? code = null) =>
        (status is 408 or 429 or 500 or 502 or 503 or 504 || code is "RequestTimeout" or "SlowDown")
        && kind is not (ErrorKind.ParameterConflict or ErrorKind.InvalidValue);

    /// <summary>True if a retry may succeed after a request got no response.</summary>
    internal static bool IsTransient(ConnectionFailure failure) =>
        failure is not (ConnectionFailure.NotTls or ConnectionFailure.Untrusted or ConnectionFailure.UnknownHost
            or ConnectionFailure.ProxyRefused);

    /// <summary>The reason why a request got no response, and the exception in the chain that shows it.</summary>
    internal static (ConnectionFailure Failure, Exception? Cause) Connection(Exception? exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            ConnectionFailure? failure = e switch
            {
                TimeoutException => ConnectionFailure.TimedOut,
#if NET
                HttpRequestException { StatusCode: HttpStatusCode.ProxyAuthenticationRequired } => ConnectionFailure.ProxyRefused,
#else
                WebException { Response: HttpWebResponse { StatusCode: HttpStatusCode.ProxyAuthenticationRequired } } =>
                    ConnectionFailure.ProxyRefused,
#endif
                AuthenticationException when e.Message.IndexOf("certificate", StringComparison.OrdinalIgnoreCase) < 0 => ConnectionFailure.NotTls,
                AuthenticationException => ConnectionFailure.Untrusted,
                SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData } => ConnectionFailure.UnknownHost,
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => ConnectionFailure.Refused,
                SocketException => ConnectionFailure.Network,
                _ => null,
            };
            if (failure is { } known)
                return (known, e);
        }

        return (ConnectionFailure.Broken, exception);
    }
}

/// <summary>The reason why a request got no response.</summary>
internal enum ConnectionFailure
{
    /// <summary>The time ran out.</summary>
    TimedOut,

    /// <summary>The server does not speak TLS.</summary>
    NotTls,

    /// <summary>The server's certificate is not trusted.</summary>
    Untrusted,

    /// <summary>The proxy wants credentials, or others.</summary>
    ProxyRefused,

    /// <summary>DNS does not know the host.</summary>
    UnknownHost,

    /// <summary>Nothing listens at the port.</summary>
    Refused,

    /// <summary>Another failure of the network.</summary>
    Network,

    /// <summary>The connection broke after it was open.</summary>
    Broken,
}
