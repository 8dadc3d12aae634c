using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>
/// How buckets are reached beside a tracking store: with the store's proxies, retries and limits in time, and none of its
/// credentials.
/// </summary>
public sealed class BucketAccess
{
    private readonly ConnectionOptions _options;
    private readonly Retrier _retrier;
    private readonly Action<string> _warn;

    /// <summary>As the store of a run is reached, or as the environment says for a folder.</summary>
    /// <param name="store">The tracking store; null for none.</param>
    /// <param name="onRetry">Told of repeated requests, where the store is no server whose own are told.</param>
    /// <param name="warn">Told what the user must know, as that TLS is not checked.</param>
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

    /// <summary>Opens the bucket of a URI; the key in it comes with it.</summary>
    internal (IBucket Bucket, string Key) Open(string uri)
    {
        (IBucket bucket, string key) = Buckets.Open(uri, Environment.GetEnvironmentVariable, _options, _retrier);
        if (bucket is S3Bucket { IgnoresTls: true })
            _warn(S3Tls.Warning(bucket.Uri));
        return (bucket, key);
    }
}
