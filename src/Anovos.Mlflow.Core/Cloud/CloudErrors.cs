using System.Net.Sockets;
using System.Security.Authentication;

namespace Anovos.Mlflow.Cloud;

/// <summary>The failures that every cloud has: no way to its endpoint, no time, a store that is busy.</summary>
internal static class CloudErrors
{
    /// <summary>The failure of a connection to the endpoint of a bucket.</summary>
    public static MlflowException Unreachable(Exception exception, string bucket, Uri endpoint)
    {
        string address = endpoint.GetLeftPart(UriPartial.Authority);
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case TimeoutException:
                    return Of(transient: true, $"{address} did not answer in time. Check the network, or raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).");
                case AuthenticationException:
                    return Of(transient: false, $"The TLS certificate of {address} is not trusted: {e.Message} If the store has a certificate authority of its own, add it to the system's or name its PEM file in AWS_CA_BUNDLE.");
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData }:
                    return Of(transient: false, $"The name {endpoint.Host} is not known to DNS. Check the artifact root for a typing error, the region or endpoint, and the network.");
                case SocketException { SocketErrorCode: SocketError.ConnectionRefused }:
                    return Of(transient: true, $"Nothing listens at {endpoint.Host} port {endpoint.Port}. Check the endpoint that the environment gives.");
            }
        }

        return Of(transient: true, $"The connection to {address} broke: {Innermost(exception).Message}. Check the network, the firewall and the proxy settings.");

        MlflowException Of(bool transient, string message) =>
            new(ErrorKind.TrackingServerUnreachable, $"{bucket} cannot be reached. {message}", exception) { Target = bucket, IsTransient = transient };
    }

    /// <summary>Whether a status says that the cause may pass.</summary>
    public static bool IsTransient(int status) => status is 408 or 429 or 500 or 502 or 503 or 504;

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);
}
