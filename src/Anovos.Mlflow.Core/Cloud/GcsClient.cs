using Anovos.Mlflow.Http;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Apis.Http;
using Google.Apis.Services;
using Google.Apis.Storage.v1;
using Google.Cloud.Storage.V1;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// The client of Google's library for one bucket. It is created for the first request; if that fails, the next request tries again.
/// Its own retries are off.
/// </summary>
internal sealed class GcsClient(GcsSettings settings, string bucket, ConnectionOptions options) : IDisposable
{
    private readonly SemaphoreSlim _creating = new(1);
    private readonly Clients _http = new(options with { InsecureTls = false, ServerCertificatePath = null, ClientCertificatePath = null });
    private StorageClient? _client;
    private GoogleCredential? _credential;

    public Uri Endpoint => settings.Endpoint;

    /// <summary>Returns the address of an object. Its name is one segment of the path, whatever characters it has.</summary>
    public string AddressOf(string name, string key) =>
        $"{Endpoint}storage/v1/b/{Uri.EscapeDataString(name)}/o/{Uri.EscapeDataString(key)}";

    /// <summary>Returns the client, with a token that is still valid.</summary>
    /// <exception cref="MlflowException">There are no credentials, or Google rejects them.</exception>
    public async Task<StorageClient> GetAsync(CancellationToken cancellationToken)
    {
        await _creating.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _client ??= await CreateAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _creating.Release();
        }

        if (_credential is not null)
            options.Redactor.Add(await TokenAsync(_credential, cancellationToken).ConfigureAwait(false));
        return _client;
    }

    /// <summary>Sends a request with the credentials. The body of the response is not read yet.</summary>
    /// <exception cref="Google.GoogleApiException">The response is neither a success nor <paramref name="expected"/>.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, params int[] expected)
    {
        StorageClient client = await GetAsync(cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await client.Service.HttpClient
            .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode || expected.Contains((int)response.StatusCode))
            return response;
        using (response)
            throw await GcsErrors.ReadAsync(response).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _client?.Dispose();
        _http.Connections.Dispose();
        _creating.Dispose();
    }

    private async Task<StorageClient> CreateAsync(CancellationToken cancellationToken)
    {
        if (!settings.IsEmulator)
        {
            _credential = await GcsCredentials.FindAsync(
                settings, bucket, _http, options.Redactor, cancellationToken).ConfigureAwait(false);
        }

        var service = new StorageService(new BaseClientService.Initializer
        {
            ApplicationName = "Anovos.Mlflow",
            BaseUri = new Uri(Endpoint, "storage/v1/").AbsoluteUri,
            DefaultExponentialBackOffPolicy = ExponentialBackOffPolicy.None,
            GZipEnabled = false,
            HttpClientFactory = _http,
            HttpClientInitializer = _credential,
            HttpClientTimeout = Timeout.InfiniteTimeSpan,
        });
        return new StorageClientImpl(service);
    }

    private async Task<string> TokenAsync(GoogleCredential credential, CancellationToken cancellationToken)
    {
        try
        {
            return await ((ITokenAccess)credential).GetAccessTokenForRequestAsync(authUri: null, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenResponseException e)
        {
            throw GcsErrors.NoToken(e, bucket);
        }
        catch (HttpRequestException e)
        {
            throw GcsErrors.NoTokenServer(e, bucket);
        }
    }

    // The clients for the storage and for tokens share their connections.
    private sealed class Clients(ConnectionOptions options) : HttpClientFactory
    {
        public HttpMessageHandler Connections { get; } = HttpTransport.CreateCloudHandler(options);

        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args) => Connections;
    }
}
