namespace Anovos.Mlflow.Http;

/// <summary>Explains why a request to the tracking server got no response.</summary>
internal static class ConnectionErrors
{
    /// <param name="exception">The exception of the transport.</param>
    /// <param name="server">The server.</param>
    /// <param name="options">How the server is reached. If there is a proxy, the client connects to the proxy.</param>
    /// <param name="timedOut">True if the request timed out, regardless of the exception.</param>
    public static MlflowException From(Exception? exception, Uri server, ConnectionOptions options, bool timedOut = false)
    {
        string? proxy = EnvironmentProxy.AddressFor(server, options);
        string host = server.Host, address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e is MlflowException known)
                return options.Redactor.Clean(known);
        }

        (ConnectionFailure failure, Exception? cause) = timedOut ? (ConnectionFailure.TimedOut, exception) : Failures.Connection(exception);
        string authorities = options.ServerCertificateVariable
            + (options.ServerCertificateVariable == S3Tls.Variable ? "" : " or with -ServerCertificatePath");
        string message = failure switch
        {
            ConnectionFailure.TimedOut => $"{address} did not respond in time. Check that the server is healthy, or raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).",
            ConnectionFailure.NotTls => $"Could not establish a TLS connection to {address}: {cause!.Message} "
                + "If the server uses plain http on that port, write http:// in the tracking URI. "
                + $"If its certificate is not trusted, name the PEM file of its certificate authority in {authorities}.",
            ConnectionFailure.Untrusted => $"The TLS certificate of {address} is not trusted: {cause!.Message} If the server uses a private certificate authority, "
                + $"name its PEM file in {authorities}.",
            ConnectionFailure.ProxyRefused => ProxyRefused(server, options),
            ConnectionFailure.ProxyFailed => $"The proxy {(proxy is null ? "" : $"{proxy} ")}in front of {address} "
                + $"could not connect to it: {cause!.Message}. "
                + $"Check the proxy, or add {host} to NO_PROXY if it needs no proxy.",
            not ConnectionFailure.Broken when proxy is not null => $"The proxy {proxy}, used for {address}, cannot be reached: {cause!.Message}. "
                + $"Correct HTTP_PROXY or HTTPS_PROXY, or add {host} to NO_PROXY if it needs no proxy.",
            ConnectionFailure.UnknownHost => $"DNS does not know the name {host}, so {address} cannot be reached. Check the tracking URI for a typo, and the network or VPN.",
            ConnectionFailure.Refused => $"Nothing is listening on {host} port {server.Port}. Check that the tracking server is running and that the port in {address} is correct.",
            ConnectionFailure.Network => $"Could not connect to {address}: {cause!.Message}. Check the network, the firewall and the proxy settings.",
            _ => $"The connection to {address} was lost: {exception?.Message ?? "there was no response"}. "
                + "Check the server and the network in between.",
        };

        // The proxy's host name is looked up again on a retry: the proxy may still be starting.
        bool isProxy = proxy is not null && failure == ConnectionFailure.UnknownHost;
        return options.Redactor.Clean(new MlflowException(ErrorKind.TrackingServerUnreachable, message, exception)
        {
            Target = address,
            IsTransient = isProxy || Failures.IsTransient(failure),
        });
    }

    /// <summary>Explains why a bucket with presigned URLs cannot be reached, without a final period.</summary>
    public static string OfBucket(Exception exception, PresignedUrl url)
    {
        (ConnectionFailure failure, Exception? cause) = Failures.Connection(exception);
        if (failure != ConnectionFailure.Untrusted)
            return exception.GetBaseException().Message.TrimEnd('.');
        string remedy = url.IsS3
            ? $"add it to the system's authorities or name its PEM file in {S3Tls.Variable}"
            : "add it to the system's authorities";
        return $"its TLS certificate is not trusted: {cause!.Message} If the store uses a private certificate authority, {remedy}";
    }

    /// <summary>Explains a 407: the proxy requires a user and password, or rejected those it received.</summary>
    /// <param name="server">The server behind the proxy.</param>
    /// <param name="options">How the server is reached; null if unknown.</param>
    /// <param name="said">The proxy's message, with a colon before it; a period if there is none.</param>
    public static string ProxyRefused(Uri server, ConnectionOptions? options, string said = ".")
    {
        string variable = server.Scheme == Uri.UriSchemeHttps ? "HTTPS_PROXY" : "HTTP_PROXY";
        string where = options is not null && EnvironmentProxy.AddressFor(server, options) is { } known ? $"{known} " : "";
        (string problem, string remedy) = options is not null && EnvironmentProxy.HasCredentialsFor(server, options)
            ? ("rejected its user and password", "Correct them")
            : ("requires credentials", "Set a user and password");
        return $"The proxy {where}in front of {server.GetLeftPart(UriPartial.Path).TrimEnd('/')} {problem} (407){said} {remedy} in "
            + $"{variable}, as http://user:password@host:port with special characters percent-encoded.";
    }
}
