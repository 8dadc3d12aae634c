using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using RestSharp;

namespace Anovos.Mlflow.Http;

/// <summary>Turns a server's refusal into an <see cref="MlflowException"/>, whether it comes as JSON, bare text or a proxy's HTML page.</summary>
internal static class ServerErrors
{
    private const int QuotedCharacters = 500;

    /// <summary>Throws unless the status is a success. A missing thing is of kind <paramref name="notFound"/>.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="server">The server's address.</param>
    /// <param name="notFound">What is missing if something is.</param>
    /// <param name="options">How the server is reached, and what masks secrets in its words.</param>
    /// <param name="advice">What to do about a 401 or 403, where that is known better than here.</param>
    public static void ThrowIfFailed(
        RestResponse response, Uri server, ErrorKind notFound, ConnectionOptions options, string? advice = null)
    {
        if (!response.IsSuccessStatusCode)
        {
            string? requestId = Header(response, "x-request-id") ?? Header(response, "x-databricks-request-id");
            throw From((int)response.StatusCode, response.ContentType, response.Content ?? "", requestId,
                Header(response, "Retry-After"), server, notFound, advice, options);
        }
    }

    /// <inheritdoc cref="Failures.RefusesCredentials"/>
    public static bool RefusesCredentials(int status, string body)
    {
        // XML comes from buckets, which sign their own addresses.
        (string? code, string? message) = ReadError(body);
        return !IsXml(body) && Failures.RefusesCredentials(status, code, message ?? Quote(body));
    }

    /// <summary>The failure that an answer of this status and body means.</summary>
    public static MlflowException From(
        int status,
        string? contentType,
        string body,
        string? requestId,
        string? retryAfter,
        Uri server,
        ErrorKind notFound,
        string? advice = null,
        ConnectionOptions? options = null)
    {
        body = options?.Redactor.Clean(body) ?? body;
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        (string? code, string? message) = ReadError(body);

        // A basic-auth app answers bare text typed as HTML. A page only adds its title: the status decides.
        bool isPage = code is null && message is null && HtmlTitle.IsPage(contentType, body);
        string said = message ?? (isPage ? HtmlTitle.Of(body, status) : Quote(body));
        string told = $"{address} answered {status}{(code is null ? "" : $" {code}")}{Colon(said)}";
        (ErrorKind kind, string text) = (HttpStatusCode)status switch
        {
            HttpStatusCode.Unauthorized when advice is not null =>
                (ErrorKind.AuthenticationFailed, $"{address} does not accept the credentials (401){Colon(said)} {advice}"),
            HttpStatusCode.Unauthorized => (
                ErrorKind.AuthenticationFailed,
                $"{address} does not accept the credentials, or got none (401). Give them with Connect-Mlflow -Credential or -Token, or in "
                + "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."),
            HttpStatusCode.Forbidden when RefusesCredentials(status, body) => (
                ErrorKind.AuthenticationFailed,
                $"{address} does not accept the credentials (403){Colon(said)} "
                + "Renew them, and give them with Connect-Mlflow -Credential or -Token, or in MLFLOW_TRACKING_TOKEN."),
            HttpStatusCode.Forbidden when said.Contains("Host") && said.Contains("DNS") => (
                ErrorKind.PermissionDenied,
                $"{address} refuses the host name in the tracking URI (403): {said} Have the server started with --allowed-hosts."),
            HttpStatusCode.Forbidden when advice is null && !isPage && NameOf(notFound) is { } thing => (
                ErrorKind.PermissionDenied,
                $"{address} does not allow it, or there is no such {thing} (403){Colon(said)} "
                + $"MLflow {(notFound == ErrorKind.RunNotFound ? "3.17 and later with basic authentication answer" : "with basic authentication answers")} "
                + "both in the same way. "
                + $"Check the name or id of the {thing}, then ask the server's owner for the permission."),
            HttpStatusCode.Forbidden => (
                ErrorKind.PermissionDenied,
                $"{address} knows who asks and does not allow it (403){Colon(said)} "
                + (advice ?? "Ask the server's owner for the permission.")),
            HttpStatusCode.ProxyAuthenticationRequired => (
                ErrorKind.TrackingServerUnreachable,
                ConnectionErrors.ProxyRefused(server, options, Colon(said))),
            HttpStatusCode.RequestEntityTooLarge => (
                ErrorKind.ServerError,
                $"{told} It is larger than the server, or a proxy before it, accepts. "
                + "In nginx client_max_body_size is the limit, 1 MB unless it is set: have it raised."),
            _ when isPage && Failures.IsWrongPath(status) => (
                ErrorKind.NotAnMlflowServer,
                $"{address} answered {status} with a web page instead of JSON{Colon(said)} "
                + "Check the path of the tracking URI: a prefix may be missing or be one too many."),
            _ when isPage && Failures.IsFromGateway(status) => (
                ErrorKind.ServerError,
                $"{told} A proxy or gateway before the tracking server cannot reach it, or did not wait for it. "
                + "Look at the server and the proxy."),
            _ => (KindOf(code, status, said, notFound), told),
        };
        var error = new MlflowException(kind, text.TrimEnd())
        {
            Target = address,
            StatusCode = status,
            ErrorCode = code,
            RequestId = requestId,

            // A changed param and a renamed experiment of the trash are a 500 on some stores, and stay one however often they are sent.
            IsTransient = Failures.IsTransient(status, kind),
            RetryAfter = ReadRetryAfter(retryAfter, DateTimeOffset.UtcNow),
        };
        return options?.Redactor.Clean(error) ?? error;
    }

    /// <summary>A success whose body is not what an MLflow server says.</summary>
    public static MlflowException NotMlflow(RestResponse response, Uri server)
    {
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(ErrorKind.NotAnMlflowServer, $"{address} answers, but not as an MLflow server does ({response.ContentType ?? "no content type"}). Check the path of the tracking URI: a prefix may be missing, or a login page stands before the server.")
        { Target = address, StatusCode = (int)response.StatusCode };
    }

    /// <summary>A success whose JSON ends too early: what was asked for may have been done.</summary>
    public static MlflowException CutShort(Uri server)
    {
        string address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        return new(ErrorKind.TrackingServerUnreachable, $"The response of {address} was cut short. Check the server, and any proxy in front of it.")
        { Target = address, IsTransient = true };
    }

    /// <summary><c>Retry-After</c> in both its forms, seconds and a date (RFC 9110, 10.2.3); null for anything else.</summary>
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

        // S3's word, and those of Azure's two stores.
        "NoSuchKey" or "BlobNotFound" or "PathNotFound" => notFound,
        "RESOURCE_ALREADY_EXISTS" => ErrorKind.ExperimentExists,
        "PERMISSION_DENIED" => ErrorKind.PermissionDenied,

        // A directory store behind a server answers 500 INTERNAL_ERROR to it, so only the words tell.
        _ when message.Contains("Changing param values is not allowed") => ErrorKind.ParameterConflict,
        "INVALID_PARAMETER_VALUE" or "BAD_REQUEST" or "INVALID_STATE" => ErrorKind.InvalidValue,
        null when status == 404 => ErrorKind.NotAnMlflowServer,
        _ => ErrorKind.ServerError,
    };

    // The things that a request names, and that a server may not have.
    private static string? NameOf(ErrorKind notFound) => notFound switch
    {
        ErrorKind.RunNotFound => "run",
        ErrorKind.ExperimentNotFound => "experiment",
        ErrorKind.ModelNotFound => "model",
        ErrorKind.ModelVersionNotFound => "model version",
        ErrorKind.ArtifactNotFound => "run or artifact",
        _ => null,
    };

    private static (string? Code, string? Message) ReadError(string body)
    {
        if (IsXml(body))
            return ReadXml(body);
        if (!body.TrimStart().StartsWith("{", StringComparison.Ordinal))
            return (null, null);
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            string? code = Text(document.RootElement, "error_code");

            // Databricks gives the status as the code where a request did not get past the sign-in.
            return (code?.All(char.IsDigit) == true ? null : code, Text(document.RootElement, "message"));
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            // No JSON, or a string in it is no text (half a surrogate pair): quoted as it is by the caller.
            return (null, null);
        }
    }

    private static bool IsXml(string body) =>
        body.TrimStart().StartsWith("<?xml", StringComparison.Ordinal) || body.StartsWith("<Error", StringComparison.Ordinal);

    // As buckets answer, S3's and Azure's alike.
    private static (string? Code, string? Message) ReadXml(string body)
    {
        try
        {
            using var reader = XmlReader.Create(new StringReader(body.TrimStart()));
            XElement root = XElement.Load(reader);
            return (root.Element("Code")?.Value, root.Element("Message")?.Value is { } message ? Quote(message) : null);
        }
        catch (XmlException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? Quote(value.GetString()!) : null;

    private static string Colon(string said) => said.Length == 0 ? "." : ": " + (said.EndsWith(".", StringComparison.Ordinal) ? said : said + ".");

    private static string Quote(string text) =>
        text.Length > QuotedCharacters ? text.Substring(0, QuotedCharacters) + "…" : text.Trim();

    private static string? Header(RestResponse response, string name) =>
        response.Headers?.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.Value?.ToString();
}
