using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>
/// Opens buckets with the proxies, retries and timeouts of a tracking store, but without its credentials.
/// </summary>
public sealed class BucketAccess
{
    private readonly ConnectionOptions _options;
    private readonly Retrier _retrier;
    private readonly Action<string> _warn;

    /// <summary>Uses the connection options of a run's store, or those of the environment for a folder.</summary>
    /// <param name="store">The tracking store; null for none.</param>
    /// <param name="onRetry">Called for each retry if the store is not a server. A server has its own callback.</param>
    /// <param name="warn">Called with warnings for the user, such as that certificates are not checked.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public BucketAccess(ITrackingStore? store, Action<RetryNotice>? onRetry, Action<string>? warn = null)
    {
        _warn = warn ?? (_ => { });
        RestApi? api = store?.As<RestStore>()?.Api;
        _options = api?.Options ?? ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, home: null);
        _options.Redactor.AddEnvironment(Environment.GetEnvironmentVariable);
        _retrier = api?.Retrier ?? new Retrier(_options.Retry, onRetry ?? (_ => { }));
    }

    /// <summary>Opens the artifacts below a URI.</summary>
    internal BucketArtifactStore OpenArtifacts(string root)
    {
        (IBucket bucket, string prefix) = Open(root.Split('?')[0]);
        return new BucketArtifactStore(bucket, prefix);
    }

    /// <summary>Opens the bucket of a URI. Also returns the key in it.</summary>
    internal (IBucket Bucket, string Key) Open(string uri)
    {
        (IBucket bucket, string key) = Buckets.Open(uri, Environment.GetEnvironmentVariable, _options, _retrier);
        if (bucket is S3Bucket { IgnoresTls: true })
            _warn(S3Tls.Warning(bucket.Uri));
        return (bucket, key);
    }
}
