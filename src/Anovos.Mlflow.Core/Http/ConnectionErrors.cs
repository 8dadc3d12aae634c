using System.Net.Sockets;
using System.Security.Authentication;

namespace Anovos.Mlflow.Http;

/// <summary>Tells apart why no answer came: the name, the port, TLS, the time.</summary>
internal static class ConnectionErrors
{
    /// <param name="exception">What the transport said.</param>
    /// <param name="server">Who was to answer.</param>
    /// <param name="timedOut">The time was over.</param>
    /// <param name="proxy">The proxy that stands between, if any: a connection is made to it alone.</param>
    public static MlflowException From(Exception? exception, Uri server, bool timedOut = false, string? proxy = null)
    {
        string host = server.Host, address = server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (timedOut || exception is TimeoutException)
            return Unreachable(transient: true, $"{address} did not answer in time. Check that the server is well, or raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).");
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case MlflowException known:
                    return known;
                case AuthenticationException when e.Message.IndexOf("certificate", StringComparison.OrdinalIgnoreCase) < 0:
                    return Unreachable(transient: false, $"{address} does not answer in TLS: {e.Message} If the server speaks plain http at that port, write http:// in the tracking URI.");
                case AuthenticationException:
                    return Unreachable(transient: false, $"The TLS certificate of {address} is not trusted: {e.Message} If the server has a certificate authority of its own, name its PEM file in MLFLOW_TRACKING_SERVER_CERT_PATH or with -ServerCertificatePath.");
                case SocketException socket when proxy is not null:
                    return Unreachable(transient: true, $"The proxy {proxy}, which stands between here and {address}, cannot be reached: {socket.Message}. Correct HTTP_PROXY or HTTPS_PROXY, or name {host} in NO_PROXY if it needs none.");
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData }:
                    return Unreachable(transient: false, $"The name {host} is not known to DNS, so {address} cannot be reached. Check the tracking URI for a typing error, and the network or VPN.");
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return Unreachable(transient: true, $"Nothing listens at {host} port {server.Port}. Check that the tracking server runs and that the port in {address} is right.");
                case SocketException socket:
                    return Unreachable(transient: true, $"No connection to {address}: {socket.Message}. Check the network, the firewall and the proxy settings.");
            }
        }

        return Unreachable(transient: true, $"The connection to {address} broke: {exception?.Message ?? "no answer came"}. Check the server and the network between.");

        MlflowException Unreachable(bool transient, string message) =>
            new(ErrorKind.TrackingServerUnreachable, message, exception) { Target = address, IsTransient = transient };
    }
}
