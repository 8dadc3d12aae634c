using System.Text;
using System.Text.Json;
using RestSharp;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Calls the JSON endpoints of one server. Sends a request, returns the parsed body, and converts every failure to an
/// <see cref="MlflowException"/>. This is the only class that uses RestSharp.
/// </summary>
internal sealed class RestApi : IDisposable
{
    private const string Prefix = "api/2.0/mlflow/";

    private readonly HttpClient _answers;
    private readonly RestClient _client;

    public RestApi(Uri server, ConnectionOptions options, Action<RetryNotice>? onRetry = null)
    {
        Server = server;
        Retrier = new Retrier(options.Retry, onRetry ?? (_ => { }));
        Options = options;
        Capabilities = new ServerCapabilities(this);
        Direct = new DirectRoute(options);
        HttpMessageHandler handler = HttpTransport.CreateHandler(options, server);
        Http = HttpTransport.CreateClient(handler, options);

        // RestSharp would buffer bodies of any size, and its timeout only covers the headers.
        _answers = HttpTransport.CreateClient(new BufferingHandler { InnerHandler = handler }, options);
        _client = new RestClient(_answers, new RestClientOptions(server) { Timeout = options.RequestTimeout, UserAgent = HttpTransport.UserAgent });
    }

    /// <summary>The server's address, with its path prefix and a trailing slash.</summary>
    public Uri Server { get; }

    /// <summary>How the server is reached.</summary>
    public ConnectionOptions Options { get; }

    /// <summary>The client for everything that is not JSON: it streams the bodies of artifacts.</summary>
    public HttpClient Http { get; }

    /// <summary>The capabilities of the server.</summary>
    public ServerCapabilities Capabilities { get; }

    /// <summary>The direct route to the bucket behind the server.</summary>
    public DirectRoute Direct { get; }

    /// <summary>Retries requests as configured in the options.</summary>
    public Retrier Retrier { get; }

    /// <summary>GET with the fields as query parameters; a field with a null value is omitted.</summary>
    public Task<JsonElement> GetAsync(string endpoint, ErrorKind notFound, CancellationToken cancellationToken, params (string Name, string? Value)[] fields) =>
        GetAddressAsync(Prefix + endpoint, notFound, cancellationToken, fields);

    /// <summary>GET of an absolute address, or one relative to the server's.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public Task<JsonElement> GetAddressAsync(string address, ErrorKind notFound, CancellationToken cancellationToken, params (string Name, string? Value)[] fields) =>
        Retrier.RunAsync(_ => GetAddressOnceAsync(address, notFound, cancellationToken, fields), cancellationToken);

    /// <summary>GET of an absolute address, or one relative to the server's; not retried.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public Task<JsonElement> GetAddressOnceAsync(
        string address, ErrorKind notFound, CancellationToken cancellationToken, params (string Name, string? Value)[] fields)
    {
        var request = new RestRequest(address, Method.Get);
        foreach ((string name, string? value) in fields)
        {
            if (value is not null)
                request.AddQueryParameter(name, value);
        }

        return SendAsync(request, notFound, cancellationToken);
    }

    /// <summary>Idempotent POST, which is retried.</summary>
    /// <inheritdoc cref="PostOnceAsync"/>
    public Task<JsonElement> PostAsync(string endpoint, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        Retrier.RunAsync(_ => PostOnceAsync(endpoint, writeFields, notFound, cancellationToken), cancellationToken);

    /// <summary>POST with the JSON object that <paramref name="writeFields"/> writes; not retried.</summary>
    public Task<JsonElement> PostOnceAsync(string endpoint, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        PostAddressOnceAsync(Prefix + endpoint, writeFields, notFound, cancellationToken);

    /// <summary>POST to an absolute address, or one relative to the server's; not retried.</summary>
    /// <inheritdoc cref="PostOnceAsync"/>
    public Task<JsonElement> PostAddressOnceAsync(string address, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        SendAsync(Method.Post, address, writeFields, notFound, cancellationToken);

    /// <summary>PATCH, which is idempotent and retried.</summary>
    /// <inheritdoc cref="PostOnceAsync"/>
    public Task<JsonElement> PatchAsync(string endpoint, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        Retrier.RunAsync(_ => SendAsync(Method.Patch, Prefix + endpoint, writeFields, notFound, cancellationToken), cancellationToken);

    /// <summary>
    /// DELETE, with the fields in the body, as MLflow requires. An object that is missing at a retry was removed by the request whose
    /// response was lost.
    /// </summary>
    /// <inheritdoc cref="PostOnceAsync"/>
    public Task DeleteAsync(string endpoint, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken) =>
        Retrier.RunAsync(
            async retries =>
            {
                try
                {
                    return await SendAsync(Method.Delete, Prefix + endpoint, writeFields, notFound, cancellationToken).ConfigureAwait(false);
                }
                catch (MlflowException e) when (retries > 0 && e.Kind == notFound)
                {
                    return default;
                }
            },
            cancellationToken);

    /// <summary>Returns the plain text of <c>/health</c> or <c>/version</c>.</summary>
    public async Task<string> GetTextAsync(string path, CancellationToken cancellationToken)
    {
        RestResponse response = await ExecuteAsync(new RestRequest(path), cancellationToken).ConfigureAwait(false);
        ServerErrors.ThrowIfFailed(response, Server, ErrorKind.NotAnMlflowServer, Options);
        return Encoding.UTF8.GetString(response.RawBytes!).Trim();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _answers.Dispose();
        Http.Dispose();
    }

    private Task<JsonElement> SendAsync(Method method, string address, Action<Utf8JsonWriter> writeFields, ErrorKind notFound, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writeFields(writer);
            writer.WriteEndObject();
        }

        // The body must have a known length: MLflow 3 ignores chunked bodies.
        RestRequest request = new RestRequest(address, method)
            .AddStringBody(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length), ContentType.Json);
        return SendAsync(request, notFound, cancellationToken);
    }

    private async Task<JsonElement> SendAsync(RestRequest request, ErrorKind notFound, CancellationToken cancellationToken)
    {
        RestResponse response = await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
        byte[] body = response.RawBytes is { Length: > 0 } bytes ? bytes : [(byte)'{', (byte)'}'];
        if (response.IsSuccessStatusCode && ResponseBody.TryParse(body) is { } json)
            return json;
        if (ResponseBody.IsCutShort(body, response.IsSuccessStatusCode))
            throw ServerErrors.CutShort(Server);
        ServerErrors.ThrowIfFailed(response, Server, notFound, Options);
        throw Options.Redactor.Clean(ServerErrors.NotMlflow(response, Server));
    }

    // RestSharp would also decode each response to a string of twice its size, which is only needed for errors.
    private static RestResponse? Success(HttpResponseMessage message, RestRequest request) => !message.IsSuccessStatusCode ? null : new RestResponse(request)
    {
        StatusCode = message.StatusCode,
        IsSuccessStatusCode = true,
        ResponseStatus = ResponseStatus.Completed,
        ContentType = message.Content.Headers.ContentType?.MediaType,
        RawBytes = ((AnswerContent)message.Content).Bytes,
    };

    private async Task<RestResponse> ExecuteAsync(RestRequest request, CancellationToken cancellationToken)
    {
        request.AdvancedResponseWriter = (message, _) => Success(message, request)!;
        RestResponse response = await _client.ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();

        // RestSharp treats an unsuccessful status as an error; here it is a response.
        if (response.StatusCode != 0)
            return response;
        throw ConnectionErrors.From(response.ErrorException, Server, Options, response.ResponseStatus == ResponseStatus.TimedOut);
    }
}
