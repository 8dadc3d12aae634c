using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.S3;
using Amazon.S3.Model;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>A bucket of S3 or a compatible store, with the credentials that the AWS SDK finds.</summary>
internal sealed class S3Bucket : IBucket
{
    private readonly string _name;
    private readonly S3Settings _settings;
    private readonly AmazonS3Client _client;

    public S3Bucket(string name, S3Settings settings, ConnectionOptions options, Retrier retrier)
    {
        (_name, _settings, Uri) = (name, settings, $"s3://{name}");
        var config = new AmazonS3Config
        {
            MaxErrorRetry = 0,
            Timeout = Timeout.InfiniteTimeSpan,
            ForcePathStyle = settings.PathStyle,
            HttpClientFactory = new Clients(settings.Tls.Apply(options)),

            // Content-MD5 is enough, and every store that is compatible with S3 supports it.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        };
        RegionEndpoint region = settings.Region is { } named ? RegionEndpoint.GetBySystemName(named) : ProfileRegion() ?? RegionEndpoint.USEast1;
        if (settings.Endpoint is null)
        {
            config.RegionEndpoint = region;
        }
        else
        {
            config.ServiceURL = settings.Endpoint;
            config.AuthenticationRegion = region.SystemName;
        }

        var endpoint = new Uri(settings.Endpoint ?? $"https://s3.{region.SystemName}.amazonaws.com");
        Requests = new CloudRequests(options, retrier, e => S3Errors.From(e, Uri, endpoint));
        _client = settings.Credentials is { } credentials ? new AmazonS3Client(credentials, config) : new AmazonS3Client(config);
    }

    public string Uri { get; }

    public CloudRequests Requests { get; }

    /// <summary>Whether any certificate is accepted.</summary>
    public bool IgnoresTls => _settings.Tls.IsIgnored;

    public async Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken)
    {
        List<BucketObject> all = [];
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _name, Prefix = prefix, Delimiter = recursive ? null : "/", ContinuationToken = next, ExpectedBucketOwner = _settings.ExpectedOwner };
            ListObjectsV2Response page = await Requests.RunAsync((_, time) => _client.ListObjectsV2Async(request, time), cancellationToken).ConfigureAwait(false);
            all.AddRange((page.CommonPrefixes ?? []).Select(folder => new BucketObject(folder, IsFolder: true, 0, null)));
            all.AddRange((page.S3Objects ?? []).Select(item => new BucketObject(item.Key, IsFolder: false, item.Size ?? 0, item.ETag) { WrittenUtc = item.LastModified?.ToUniversalTime() }));
            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
        return all;
    }

    public async Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _name, Key = key, EtagToMatch = etag, ExpectedBucketOwner = _settings.ExpectedOwner };
        if (offset > 0 || end is not null)
            request.ByteRange = new Amazon.S3.Model.ByteRange($"bytes={offset}-{end - 1}");
        GetObjectResponse response = await _client.GetObjectAsync(request, cancellationToken).ConfigureAwait(false);

        // Not every compatible store checks the condition.
        if (etag is null || response.ETag == etag)
            return response.ResponseStream;
        response.Dispose();
        throw S3Errors.Replaced(Uri, key);
    }

    public async Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var request = new GetObjectMetadataRequest { BucketName = _name, Key = key, ExpectedBucketOwner = _settings.ExpectedOwner };
            GetObjectMetadataResponse found = await Requests.RunAsync(
                (_, time) => _client.GetObjectMetadataAsync(request, time), cancellationToken).ConfigureAwait(false);
            return new BucketObject(key, IsFolder: false, found.ContentLength, found.ETag);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return null;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        Requests.RunAsync((_, time) => _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _name, Key = key, ExpectedBucketOwner = _settings.ExpectedOwner }, time), cancellationToken);

    public IMultipartUpload Upload(string key) => new S3Upload(_client, _name, key, _settings, Requests);

    public IMultipartCopy? Copy(ObjectSource source, string key) =>
        source is { Bucket: S3Bucket from, State.ETag: { } etag } && from._settings.Endpoint == _settings.Endpoint
            ? new S3Copy(_client, _name, key, new S3CopySource(from._client, from._name, source.Key, etag, from._settings, from.Requests), _settings, Requests)
            : null;

    public void Dispose() => _client.Dispose();

    // The SDK would also query the metadata service of an AWS instance, which other machines do not have.
    private static RegionEndpoint? ProfileRegion()
    {
        string name = new EnvironmentVariables(Environment.GetEnvironmentVariable).Text("AWS_PROFILE") ?? "default";
        return new CredentialProfileStoreChain().TryGetProfile(name, out CredentialProfile profile) ? profile.Region : null;
    }

    private sealed class Clients(ConnectionOptions options) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => HttpTransport.CreateCloudClient(options);

        // Each bucket has its own client, because the SDK's cache could return one with other options.
        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;
    }
}
