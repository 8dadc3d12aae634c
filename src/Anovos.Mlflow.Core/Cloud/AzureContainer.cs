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
/// A container of Azure's blob storage, also for <c>abfss:</c>: an account with folders shows its files as blobs too. The
/// credentials are those that MLflow takes, in its order.
/// </summary>
internal sealed class AzureContainer : IBucket
{
    // Of a request that copies a part, and its repetitions.
    private static readonly TimeSpan SignatureLifetime = TimeSpan.FromHours(1);

    private readonly string? _signature;
    private readonly HttpClient _http;
    private readonly BlobContainerClient _client;

    /// <param name="uri">The container's URI, as <c>wasbs://container@account.blob.core.windows.net</c>.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="options">How hosts are reached.</param>
    /// <param name="retrier">Repeats.</param>
    public AzureContainer(Uri uri, EnvironmentVariables variables, ConnectionOptions options, Retrier retrier)
        : this(uri, http => Open(uri, variables, http), options, retrier) =>
        _signature = variables.Setting("AZURE_STORAGE_SAS_TOKEN")?.TrimStart('?');

    /// <summary>
    /// A container with a temporary signature, at the endpoint that a connection string of its account names, if there is one.
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

    /// <summary>The options of a blob client that sends by a client of this project, without retries of its own.</summary>
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

        // An identity would have to be lent to the target's request; its bytes pass here.
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
            // The SDK's own words may hold the key.
            throw new MlflowException(ErrorKind.InvalidValue, "AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCESS_KEY cannot be read. Copy it again from the storage account's page of access keys.") { Target = uri.GetLeftPart(UriPartial.Authority) };
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

    // Spark and accounts with folders keep an empty blob for each.
    private static bool IsFolderMarker(BlobHierarchyItem item) =>
        item.IsBlob && item.Blob.Metadata?.TryGetValue("hdi_isfolder", out string? value) == true && value == "true";
}
