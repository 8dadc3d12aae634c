using Anovos.Mlflow.Http;
using Azure;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// A container of Azure's blob storage. Also used for <c>abfss:</c>, because an account with folders shows its files as blobs too. The
/// credentials are those that MLflow accepts, in the same order.
/// </summary>
internal sealed class AzureContainer : IBucket
{
    // For a request that copies a part, including its retries.
    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromHours(1);

    private readonly string? _signature;
    private readonly HttpClient _http;
    private readonly BlobContainerClient _client;

    /// <param name="uri">The container's URI, such as <c>wasbs://container@account.blob.core.windows.net</c>.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="options">The connection options.</param>
    /// <param name="retrier">Retries transient errors.</param>
    public AzureContainer(Uri uri, EnvironmentVariables variables, ConnectionOptions options, Retrier retrier)
        : this(uri, http => Open(uri, variables, http), options, retrier) =>
        _signature = variables.Setting("AZURE_STORAGE_SAS_TOKEN")?.TrimStart('?');

    /// <summary>
    /// Creates a container with a temporary signature. Its endpoint is from a connection string of the account, if there is one.
    /// </summary>
    public AzureContainer(Uri uri, TemporarySignature signature, EnvironmentVariables variables, ConnectionOptions options, Retrier retrier)
        : this(
            uri,
            http => new BlobContainerClient(
                EndpointOf(uri, variables), new AzureSasCredential(signature.SasToken.TrimStart('?')), ClientOptions(http)),
            options,
            retrier)
    {
    }

    private AzureContainer(Uri uri, Func<HttpClient, BlobContainerClient> open, ConnectionOptions options, Retrier retrier)
    {
        Uri = $"{uri.Scheme}://{uri.UserInfo}@{uri.Authority}";
        _http = HttpTransport.CreateCloudClient(options with { InsecureTls = false, ServerCertificatePath = null, ClientCertificatePath = null });
        _client = open(_http);
        Requests = new CloudRequests(options, retrier, e => AzureErrors.From(e, Uri, _client.Uri));
    }

    public string Uri { get; }

    public CloudRequests Requests { get; }

    /// <summary>Returns the options of a blob client that uses an HTTP client of this project and does not retry by itself.</summary>
    public static BlobClientOptions ClientOptions(HttpClient http) => new()
    {
        Transport = new HttpClientTransport(http),
        Retry = { MaxRetries = 0, NetworkTimeout = Timeout.InfiniteTimeSpan },
        Diagnostics = { IsTelemetryEnabled = false },
    };

    public Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken) =>
        Requests.RunAsync<IReadOnlyList<BucketObject>>(
            async (moved, time) =>
            {
                List<BucketObject> all = [];
                AsyncPageable<BlobHierarchyItem> items = _client.GetBlobsByHierarchyAsync(BlobTraits.Metadata, BlobStates.None, recursive ? null : "/", prefix, time);
                await foreach (Page<BlobHierarchyItem> page in items.AsPages().WithCancellation(time).ConfigureAwait(false))
                {
                    moved();
                    all.AddRange(page.Values.Where(item => !IsFolderMarker(item)).Select(Read));
                }

                return all;
            },
            cancellationToken);

    public async Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions
        {
            Range = offset == 0 && end is null ? default : new HttpRange(offset, end - offset),
            Conditions = etag is null ? null : new BlobRequestConditions { IfMatch = new ETag(etag) },
        };
        return (await _client.GetBlobClient(key).DownloadStreamingAsync(options, cancellationToken).ConfigureAwait(false)).Value.Content;
    }

    public async Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            Response<BlobProperties> found = await Requests.RunAsync(
                (_, time) => _client.GetBlobClient(key).GetPropertiesAsync(conditions: null, time),
                cancellationToken).ConfigureAwait(false);
            return new BucketObject(key, IsFolder: false, found.Value.ContentLength, found.Value.ETag.ToString());
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return null;
        }
    }

    public Task DeleteAsync(string key, CancellationToken cancellationToken) =>
        Requests.RunAsync((_, time) => _client.GetBlobClient(key).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, conditions: null, time), cancellationToken);

    public IMultipartUpload Upload(string key) => new BlockUpload(_client.GetBlockBlobClient(key), Requests);

    public IMultipartCopy? Copy(ObjectSource source, string key)
    {
        if (source is not { Bucket: AzureContainer from, State.ETag: { } etag })
            return null;
        BlobClient blob = from._client.GetBlobClient(source.Key);
        if (blob.CanGenerateSasUri)
            return Of(() => blob.GenerateSasUri(BlobSasPermissions.Read, DateTimeOffset.UtcNow + SignatureLifetime));
        if (blob.Uri.Query.Length > 0)
            return Of(() => blob.Uri);

        // The target's request cannot use the source's identity, so the bytes pass through this machine.
        return from._signature is { } signature ? Of(() => new UriBuilder(blob.Uri) { Query = signature }.Uri) : null;

        BlockCopy Of(Func<Uri> address) => new(_client.GetBlockBlobClient(key), address, etag, Requests);
    }

    public void Dispose() => _http.Dispose();

    private static BlobContainerClient Open(Uri uri, EnvironmentVariables variables, HttpClient http)
    {
        string container = System.Uri.UnescapeDataString(uri.UserInfo), account = uri.Host.Split('.')[0];
        BlobClientOptions options = ClientOptions(http);
        Uri address = AddressOf(uri);
        try
        {
            if (variables.Setting("AZURE_STORAGE_CONNECTION_STRING") is { } connection)
                return new BlobContainerClient(connection, container, options);
            if (variables.Setting("AZURE_STORAGE_ACCESS_KEY") is { } key)
                return new BlobContainerClient(address, new StorageSharedKeyCredential(account, key), options);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            // The SDK's message may contain the key.
            throw new MlflowException(ErrorKind.InvalidValue, "AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCESS_KEY cannot be parsed. Copy it again from the access keys page of the storage account.") { Target = uri.GetLeftPart(UriPartial.Authority) };
        }

        if (variables.Setting("AZURE_STORAGE_SAS_TOKEN") is { } signature)
            return new BlobContainerClient(address, new AzureSasCredential(signature.TrimStart('?')), options);
        var identity = new DefaultAzureCredentialOptions { Transport = options.Transport, Diagnostics = { IsTelemetryEnabled = false } };
        return new BlobContainerClient(address, new DefaultAzureCredential(identity), options);
    }

    private static Uri AddressOf(Uri uri) =>
        new($"https://{uri.Authority.Replace(".dfs.", ".blob.")}/{System.Uri.UnescapeDataString(uri.UserInfo)}");

    // A private endpoint, or an emulator. The key in the connection string is not used.
    private static Uri EndpointOf(Uri uri, EnvironmentVariables variables)
    {
        Dictionary<string, string> fields = (variables.Setting("AZURE_STORAGE_CONNECTION_STRING") ?? "").Split(';')
            .Select(field => field.Split(['='], 2))
            .Where(field => field.Length == 2)
            .GroupBy(field => field[0].Trim(), field => field[1].Trim(), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.OrdinalIgnoreCase);
        bool isOfAccount = fields.TryGetValue("AccountName", out string? account)
            && account.Equals(uri.Host.Split('.')[0], StringComparison.OrdinalIgnoreCase);
        return isOfAccount && fields.TryGetValue("BlobEndpoint", out string? endpoint)
            && System.Uri.TryCreate(
                $"{endpoint.TrimEnd('/')}/{System.Uri.UnescapeDataString(uri.UserInfo)}", UriKind.Absolute, out Uri? address)
                ? address
                : AddressOf(uri);
    }

    private static BucketObject Read(BlobHierarchyItem item) => item.IsPrefix
        ? new BucketObject(item.Prefix, IsFolder: true, 0, null)
        : new BucketObject(item.Blob.Name, IsFolder: false, item.Blob.Properties.ContentLength ?? 0, item.Blob.Properties.ETag?.ToString())
        {
            WrittenUtc = item.Blob.Properties.LastModified?.UtcDateTime,
            Md5 = item.Blob.Properties.ContentHash is { } md5 ? Hex.Of(md5) : null,
        };

    // Spark and accounts with folders keep an empty blob for each folder.
    private static bool IsFolderMarker(BlobHierarchyItem item) =>
        item.IsBlob && item.Blob.Metadata?.TryGetValue("hdi_isfolder", out string? value) == true && value == "true";
}
