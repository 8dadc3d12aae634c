using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>Explains why a request to a bucket got no response.</summary>
internal static class CloudErrors
{
    /// <summary>Returns the error for a failed connection to the endpoint of a bucket.</summary>
    public static MlflowException Unreachable(Exception exception, string bucket, Uri endpoint)
    {
        string address = endpoint.GetLeftPart(UriPartial.Authority);
        string file = bucket.StartsWith("s3", StringComparison.Ordinal) ? $" or name its PEM file in {S3Tls.Variable}" : "";
        string authority = $"add its authority to the system's trust store{file}.";
        (ConnectionFailure failure, Exception? cause) = Failures.Connection(exception);
        string message = failure switch
        {
            ConnectionFailure.TimedOut =>
                $"{address} did not respond in time. Check the network, or raise MLFLOW_HTTP_REQUEST_TIMEOUT (seconds).",
            ConnectionFailure.Untrusted => $"The TLS certificate of {address} is not trusted: {cause!.Message} "
                + $"If the store uses its own certificate authority, {authority}",
            ConnectionFailure.NotTls => $"No TLS connection to {address}: {cause!.Message} "
                + "If the store uses plain http on that port, write http:// in its endpoint. "
                + $"If its certificate is not trusted, {authority}",
            ConnectionFailure.ProxyRefused => ConnectionErrors.ProxyRefused(endpoint, options: null),
            ConnectionFailure.UnknownHost => $"DNS does not know the name {endpoint.Host}. Check the artifact root for typing errors, the region or endpoint, and the network.",
            ConnectionFailure.Refused =>
                $"Nothing is listening on {endpoint.Host} port {endpoint.Port}. Check the endpoint that the environment sets.",
            _ => $"The connection to {address} failed: {exception.GetBaseException().Message}. Check the network, the firewall and the proxy settings.",
        };
        return new MlflowException(ErrorKind.TrackingServerUnreachable, $"{bucket} cannot be reached. {message}", exception)
        {
            Target = bucket,
            IsTransient = Failures.IsTransient(failure),
        };
    }
}
