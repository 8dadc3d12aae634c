using Amazon.Runtime;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>Opens a folder of a bucket with temporary credentials.</summary>
internal static class TemporaryStore
{
    private const string RegionHeader = "x-amz-bucket-region";

    /// <summary>Opens the folder.</summary>
    /// <param name="uri">The URI, such as <c>s3://bucket/path</c>, <c>r2://bucket@account.r2.cloudflarestorage.com/path</c>,
    /// <c>abfss://…</c>, <c>gs://…</c>.</param>
    /// <param name="credentials">The credentials.</param>
    /// <param name="environment">Returns the value of an environment variable, for endpoints and TLS.</param>
    /// <param name="options">The connection options.</param>
    /// <param name="retrier">Retries transient errors.</param>
    /// <param name="cancellationToken">Cancels the request for a bucket's region.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.UriUnsupported"/> for a URI that does not name a bucket or does not fit the credentials.
    /// </exception>
    public static async Task<IArtifactStore> OpenAsync(
        string uri,
        TemporaryCredentials credentials,
        Func<string, string?> environment,
        ConnectionOptions options,
        Retrier retrier,
        CancellationToken cancellationToken)
    {
        (string root, string key) = Buckets.Split(uri);
        string scheme = LocalUri.SchemeOf(uri) ?? "", authority = root.Substring(scheme.Length).Trim(':', '/');
        var variables = new EnvironmentVariables(environment);
        ConnectionOptions others = options.ForOtherHosts();
        if (authority.Length > 0)
        {
            switch (credentials, scheme)
            {
                case (TemporaryKeys keys, "s3" or "s3a" or "s3n"):
                    S3Settings settings = Settings(S3Settings.FromEnvironment(variables), keys);
                    string? region = await FindRegionAsync(authority, settings, others, cancellationToken).ConfigureAwait(false);
                    settings = settings with { Region = region ?? settings.Region };
                    return new BucketArtifactStore(new S3Bucket(authority, settings, others, retrier), key);
                case (TemporaryKeys keys, "r2") when authority.Split('@') is [{ Length: > 0 } bucket, { Length: > 0 } host]:
                    S3Settings cloudflare = Settings(new S3Settings(), keys)
                        with
                    { Endpoint = EndpointOf(host), Region = "auto", PathStyle = true };
                    return new BucketArtifactStore(new S3Bucket(bucket, cloudflare, others, retrier), key);
                case (TemporarySignature signature, "abfss" or "abfs" or "wasbs" or "wasb"):
                    return new BucketArtifactStore(
                        new AzureContainer(new Uri($"{scheme}://{authority}"), signature, variables, others, retrier), key);
                case (TemporaryToken token, "gs"):
                    GcsSettings google = GcsSettings.FromEnvironment(variables) with { AccessToken = token.AccessToken, IsEmulator = false };
                    return new BucketArtifactStore(new GcsBucket(authority, google, others, retrier), key);
            }
        }

        throw new MlflowException(
            ErrorKind.UriUnsupported, $"The credentials for {uri} do not fit that kind of store: {credentials}.")
        { Target = uri };
    }

    // From the environment, only the endpoint and its TLS settings are used, not the owner or the settings of the user's own objects.
    private static S3Settings Settings(S3Settings settings, TemporaryKeys keys)
    {
        Dictionary<string, string> extra = [];
        if (keys.Encryption is { } encryption)
            extra["ServerSideEncryption"] = encryption.Algorithm;
        if (keys.Encryption?.KeyId is { Length: > 0 } keyId)
            extra["SSEKMSKeyId"] = keyId;
        return settings with
        {
            Credentials = new SessionAWSCredentials(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken),
            ExpectedOwner = null,
            Extra = extra,
        };
    }

    private static string EndpointOf(string host) =>
        new Uri($"https://{host}") is { IsLoopback: true } ? $"http://{host}" : $"https://{host}";

    // S3 reports the region of a bucket to everyone, even if it denies the request. The keys are only for a folder of the bucket.
    private static async Task<string?> FindRegionAsync(
        string bucket, S3Settings settings, ConnectionOptions options, CancellationToken cancellationToken)
    {
        using HttpClient http = HttpTransport.CreateCloudClient(settings.Tls.Apply(options));
        using var request = new HttpRequestMessage(
            HttpMethod.Head, $"{(settings.Endpoint ?? "https://s3.amazonaws.com").TrimEnd('/')}/{Uri.EscapeDataString(bucket)}");
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(options.RequestTimeout);
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, time.Token).ConfigureAwait(false);
            return response.Headers.TryGetValues(RegionHeader, out IEnumerable<string>? values) ? values.First() : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The first transfer reports why the store cannot be reached.
            return null;
        }
    }
}
