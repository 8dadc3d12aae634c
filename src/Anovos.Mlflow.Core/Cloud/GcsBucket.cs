using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Anovos.Mlflow.Http;
using Google.Cloud.Storage.V1;
using GcsObject = Google.Apis.Storage.v1.Data.Object;
using GcsObjects = Google.Apis.Storage.v1.Data.Objects;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// A bucket of Google Cloud Storage, with the credentials that Google's clients find. The ETag of an object is its generation.
/// </summary>
internal sealed class GcsBucket : IBucket
{
    private readonly string _name;
    private readonly GcsClient _client;

    public GcsBucket(string name, GcsSettings settings, ConnectionOptions options, Retrier retrier)
    {
        (_name, Uri) = (name, $"gs://{name}");
        _client = new GcsClient(settings, Uri, options);
        Requests = new CloudRequests(options, retrier, e => GcsErrors.From(e, Uri, settings.Endpoint));
    }

    public string Uri { get; }

    public CloudRequests Requests { get; }

    public Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<BucketObject>>(
            async (client, moved, time) =>
            {
                List<BucketObject> all = [];
                var options = new ListObjectsOptions
                {
                    Delimiter = recursive ? null : "/",
                    Fields = "prefixes,items(name,size,generation,updated,md5Hash),nextPageToken",
                    RetryOptions = RetryOptions.Never,
                };
                IAsyncEnumerable<GcsObjects> pages = client.ListObjectsAsync(_name, prefix, options).AsRawResponses();
                await foreach (GcsObjects page in pages.WithCancellation(time).ConfigureAwait(false))
                {
                    moved();
                    all.AddRange((page.Prefixes ?? []).Select(folder => new BucketObject(folder, IsFolder: true, 0, null)));
                    all.AddRange((page.Items ?? []).Select(Read));
                }

                return all;
            },
            cancellationToken);

    public async Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken)
    {
        string condition = etag is null ? "" : $"&ifGenerationMatch={etag}";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_client.AddressOf(_name, key)}?alt=media{condition}");

        // Without it, objects that were stored as gzip arrive decompressed, and their length differs from the listed one.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        if (offset > 0 || end is not null)
            request.Headers.Range = new RangeHeaderValue(offset, end - 1);
        HttpResponseMessage response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (request.Headers.Range is null || response.StatusCode == HttpStatusCode.PartialContent)
            return await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        response.Dispose();
        string message = $"{Uri} sent a whole object although a range was requested. Check for a proxy in between.";
        throw new MlflowException(ErrorKind.ServerError, message) { Target = Uri };
    }

    public async Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var options = new GetObjectOptions { RetryOptions = RetryOptions.Never };
            return Read(await RunAsync(
                (client, _, time) => client.GetObjectAsync(_name, key, options, time), cancellationToken).ConfigureAwait(false));
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return null;
        }
    }

    public async Task DeleteAsync(string key, CancellationToken cancellationToken)
    {
        try
        {
            var options = new DeleteObjectOptions { RetryOptions = RetryOptions.Never };
            await RunAsync(
                async (client, _, time) =>
                {
                    await client.DeleteObjectAsync(_name, key, options, time).ConfigureAwait(false);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            // It was already removed.
        }
    }

    public IMultipartUpload Upload(string key) => new GcsUpload(_client, _name, key, Requests);

    public IMultipartCopy? Copy(ObjectSource source, string key) =>
        source is { Bucket: GcsBucket from, State.ETag: { } etag } && from._client.Endpoint == _client.Endpoint
            ? new GcsCopy(_client, new GcsCopySource(from._name, source.Key, Generation(etag)), _name, key, Requests)
            : null;

    public void Dispose() => _client.Dispose();

    private Task<T> RunAsync<T>(Func<StorageClient, Action, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken) =>
        Requests.RunAsync(
            async (moved, time) => await attempt(await _client.GetAsync(time).ConfigureAwait(false), moved, time).ConfigureAwait(false),
            cancellationToken);

    private static long Generation(string etag) => long.Parse(etag, CultureInfo.InvariantCulture);

    private static BucketObject Read(GcsObject item) =>
        new(item.Name, IsFolder: false, (long)(item.Size ?? 0), item.Generation?.ToString(CultureInfo.InvariantCulture))
        {
            WrittenUtc = item.UpdatedDateTimeOffset?.UtcDateTime,
            Md5 = item.Md5Hash is { } md5 ? Hex.Of(Convert.FromBase64String(md5)) : null,
        };
}
