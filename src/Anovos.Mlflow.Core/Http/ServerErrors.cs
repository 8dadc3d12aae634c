using System.Globalization;
using System.Net;
using RestSharp;

namespace Anovos.Mlflow.Http;

/// <summary>Converts a server's error response to an <see cref="MlflowException"/>, whether it is JSON, plain text or a proxy's HTML page.</summary>
internal static class ServerErrors
{
    /// <summary>Throws unless the status is a success. A missing object causes an error of kind <paramref name="notFound"/>.</summary>
    /// <param name="response">The response.</param>
    /// <param name="server">The server's address.</param>
    /// <param name="notFound">The error kind for a missing object.</param>
    /// <param name="options">How the server is reached, and the redactor for its messages.</param>
    public static void ThrowIfFailed(RestResponse response, Uri server, ErrorKind notFound, ConnectionOptions options)
    {
        if (!response.IsSuccessStatusCode)
        {
            string? requestId = Header(response, "x-request-id") ?? Header(response, "x-databricks-request-id");
            string endpoint = response.Request.Resource;
            var refused = new RefusedRequest(
                endpoint, response.Request.Method == Method.Get || endpoint.EndsWith("/search", StringComparison.Ordinal));
            throw From((int)response.StatusCode, response.ContentType, response.Content ?? "", requestId,
                Header(response, "Retry-After"), server, notFound, refused, options);
        }
    }

    /// <inheritdoc cref="Failures.RefusesCredentials"/>
    public static bool RefusesCredentials(int status, string body)
    {
        // XML comes from buckets, whose URLs contain their own signatures.
        if (ErrorBody.IsXml(body))
            return false;
        ErrorBody error = ErrorBody.Read(body);
        string said = error.Message ?? ErrorBody.Quote(body);
        return Failures.RefusesCredentials(Failures.StatusMeant(status, error.Code, error.Number, said), error.Code, said);
    }

    /// <summary>Returns the failure for a response with this status and body.</summary>
    public static MlflowException From(
        int status,
        string? contentType,
        string body,
        string? requestId,
        string? retryAfter,
        Uri server,
        ErrorKind notFound,
        RefusedRequest? request = null,
        ConnectionOptions? options = null)
    {
        body = options?.Redactor.Clean(body) ?? body;
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        (string? code, int? number, string? message) = ErrorBody.Read(body);

        // A basic-auth app returns plain text with the HTML content type. Of a web page only the title is used: the status decides.
        bool isPage = code is null && message is null && HtmlTitle.IsPage(contentType, body);
        string said = message ?? (isPage ? HtmlTitle.Of(body, status) : ErrorBody.Quote(body));
        IRequestIdentity? identity = options?.Identity;
        int meant = identity is null ? status : Failures.StatusMeant(status, code, number, said);
        string? advice = request is null || meant is not (401 or 403) ? null : identity?.AdviceOn(new Refusal(meant, code, said, request));
        TimeSpan? wait = ReadRetryAfter(retryAfter, DateTimeOffset.UtcNow);
        string told = $"{address} returned {status}{(code is null ? "" : $" {code}")}{Colon(said)}";
        (ErrorKind kind, string text) = (HttpStatusCode)meant switch
        {
            _ when NetworkRefusal.AdviceOn(said) is { } network =>
                (ErrorKind.PermissionDenied, $"{address} does not accept requests from this network ({status}){Colon(said)} {network}"),
            HttpStatusCode.Unauthorized when advice is not null =>
                (ErrorKind.AuthenticationFailed, $"{address} rejected the credentials ({status}){Colon(said)} {advice}"),
            HttpStatusCode.Unauthorized => (
                ErrorKind.AuthenticationFailed,
                $"{address} received no credentials, or rejected them (401). Provide them with Connect-Mlflow -Credential or -Token, or in "
                + "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."),
            HttpStatusCode.Forbidden when RefusesCredentials(status, body) => (
                ErrorKind.AuthenticationFailed,
                $"{address} rejected the credentials (403){Colon(said)} "
                + "Renew them, and provide them with Connect-Mlflow -Credential or -Token, or in MLFLOW_TRACKING_TOKEN."),
            HttpStatusCode.Forbidden when said.Contains("Host") && said.Contains("DNS") => (
                ErrorKind.PermissionDenied,
                $"{address} rejects the host name in the tracking URI (403): {said} The server must be started with --allowed-hosts."),
            HttpStatusCode.Forbidden when advice is null && !isPage && NameOf(notFound) is { } thing => (
                ErrorKind.PermissionDenied,
                $"{address} denied the request, or the {thing} does not exist (403){Colon(said)} "
                + $"MLflow {(notFound == ErrorKind.RunNotFound ? "3.17 and later with basic authentication return" : "with basic authentication returns")} "
                + "the same error for both. "
                + $"Check the name or id of the {thing}, then ask the server's owner for permission."),
            HttpStatusCode.Forbidden => (
                ErrorKind.PermissionDenied,
                $"{address} denied the request ({status}){Colon(said)} "
                + (advice ?? "Ask the server's owner for permission.")),
            HttpStatusCode.ProxyAuthenticationRequired => (
                ErrorKind.TrackingServerUnreachable,
                ConnectionErrors.ProxyRefused(server, options, Colon(said))),
            _ when Failures.IsLimited(meant) => (
                ErrorKind.ServerError, $"{told}{Wait(wait)} The server limits the number of requests. Try again later, or "
                + "with fewer requests in parallel."),
            _ when Failures.IsFromGateway(status) && !isPage && wait is not null => (ErrorKind.ServerError, $"{told}{Wait(wait)}"),
            HttpStatusCode.RequestEntityTooLarge => (
                ErrorKind.ServerError,
                $"{told} The request is larger than the server, or a proxy in front of it, accepts. "
                + "In nginx the limit is client_max_body_size, 1 MB by default: raise it."),
            _ when isPage && Failures.IsWrongPath(status) => (
                ErrorKind.NotAnMlflowServer,
                $"{address} returned {status} with a web page instead of JSON{Colon(said)} "
                + "Check the path of the tracking URI: a prefix may be missing, or may not belong there."),
            _ when isPage && Failures.IsFromGateway(status) => (
                ErrorKind.ServerError,
                $"{told} A proxy or gateway in front of the tracking server could not reach it, or timed out. "
                + "Check the server and the proxy."),
            _ => (KindOf(code, status, said, notFound), told),
        };
        var error = new MlflowException(kind, text.TrimEnd())
        {
            Target = address,
            StatusCode = status,
            ErrorCode = code,
            RequestId = requestId,

            // Some stores report a changed param, or renaming a deleted experiment, as 500. Retries do not help.
            IsTransient = Failures.IsTransient(status, kind),
            RetryAfter = wait,
        };
        return options?.Redactor.Clean(error) ?? error;
    }

    /// <summary>Returns the error for a success with a body that is not from an MLflow server.</summary>
    public static MlflowException NotMlflow(RestResponse response, Uri server)
    {
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(ErrorKind.NotAnMlflowServer, $"{address} responded, but not like an MLflow server ({response.ContentType ?? "no content type"}). Check the path of the tracking URI: a prefix may be missing, or a login page may be in front of the server.")
        { Target = address, StatusCode = (int)response.StatusCode };
    }

    /// <summary>Returns the error for a success with truncated JSON: the request may have been executed.</summary>
    public static MlflowException CutShort(Uri server)
    {
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(ErrorKind.TrackingServerUnreachable, $"The response of {address} was cut short. Check the server, and any proxy in front of it.")
        { Target = address, IsTransient = true };
    }

    /// <summary>Parses <c>Retry-After</c> in both forms, seconds and a date (RFC 9110, 10.2.3); null for anything else.</summary>
    internal static TimeSpan? ReadRetryAfter(string? value, DateTimeOffset now)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
            return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)
            ? date - now
            : null;
    }

    private static ErrorKind KindOf(string? code, int status, string message, ErrorKind notFound) => code switch
    {
        "RESOURCE_DOES_NOT_EXIST" or "NOT_FOUND" => notFound,

        // The codes of S3 and of Azure's two kinds of storage.
        "NoSuchKey" or "BlobNotFound" or "PathNotFound" => notFound,
        "RESOURCE_ALREADY_EXISTS" or "ALREADY_EXISTS" => ErrorKind.ExperimentExists,
        "PERMISSION_DENIED" => ErrorKind.PermissionDenied,
        "FEATURE_DISABLED" => ErrorKind.NotSupported,

        // A server with a directory store returns 500 INTERNAL_ERROR, so only the message shows the cause.
        _ when message.Contains("Changing param values is not allowed") => ErrorKind.ParameterConflict,
        "INVALID_PARAMETER_VALUE" or "BAD_REQUEST" or "INVALID_STATE" => ErrorKind.InvalidValue,
        null when status == 404 => ErrorKind.NotAnMlflowServer,
        _ => ErrorKind.ServerError,
    };

    // The objects that a request can name and that may not exist.
    private static string? NameOf(ErrorKind notFound) => notFound switch
    {
        ErrorKind.RunNotFound => "run",
        ErrorKind.ExperimentNotFound => "experiment",
        ErrorKind.ModelNotFound => "model",
        ErrorKind.ModelVersionNotFound => "model version",
        ErrorKind.ArtifactNotFound => "run or artifact",
        _ => null,
    };

    private static string Wait(TimeSpan? wait) => wait > TimeSpan.Zero
        ? $" It asks to wait {Math.Ceiling(wait.Value.TotalSeconds).ToString(CultureInfo.InvariantCulture)} seconds."
        : "";

    private static string Colon(string said) => said.Length == 0 ? "." : ": " + (said.EndsWith(".", StringComparison.Ordinal) ? said : said + ".");

    private static string? Header(RestResponse response, string name) =>
        response.Headers?.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value?.ToString();
}
