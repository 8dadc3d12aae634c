using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Identity;

/// <summary>
/// Sends requests to an endpoint that issues tokens, and reads its responses: OAuth (RFC 6749, 5), Azure's metadata service, Azure
/// Pipelines. Errors contain nothing that was sent to it.
/// </summary>
internal sealed class TokenEndpoint(ConnectionOptions options, Func<DateTimeOffset> clock)
{
    private static readonly string[] SecretFields =
        ["client_secret", "client_assertion", "subject_token", "code", "code_verifier", "refresh_token"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Masks secrets in all output from now on.</summary>
    public void Hide(params string?[] secrets) => options.Redactor.Add(secrets);

    /// <summary>Posts a form, with the client's id and secret if given (RFC 6749, 2.3.1).</summary>
    public Task<JsonElement> PostFormAsync(Uri address, IReadOnlyDictionary<string, string> form, (string Id, string Secret)? client, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new FormUrlEncodedContent(form) };
        if (client is var (id, secret))
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));
        Hide([.. form.Where(field => SecretFields.Contains(field.Key)).Select(field => field.Value)]);
        options.Redactor.AddBasic(client?.Id, client?.Secret);
        return SendAsync(request, cancellationToken);
    }

    /// <summary>Sends a request and returns the JSON object in the response.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> for a refusal; others for no response.</exception>
    public Task<JsonElement> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri address = request.RequestUri!;
        return SendAsync(request, HttpTransport.CreateHandler(options), async response =>
        {
            string body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw Refused(address, response, options.Redactor.Clean(body));
            return Parse(body) ?? throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{Shown(address)} returned no JSON where a token was expected. Check the address, and any proxy in between.")
            { Target = address.Host };
        }, cancellationToken);
    }

    /// <summary>Returns the address that a page redirects to, without following it; null if it does not redirect.</summary>
    public Task<Uri?> FindRedirectAsync(Uri page, CancellationToken cancellationToken) => SendAsync(
        new HttpRequestMessage(HttpMethod.Get, page),
        HttpTransport.CreateDirectHandler(options),
        response => Task.FromResult(
            (int)response.StatusCode / 100 == 3 && response.Headers.Location is { } location ? new Uri(page, location) : null),
        cancellationToken);

    /// <summary>Reads an OAuth token, which expires in <c>expires_in</c> seconds, or at <c>expires_on</c> (Unix seconds).</summary>
    public AccessToken Read(JsonElement response, Uri address)
    {
        DateTimeOffset now = clock();
        if (Text(response, "access_token") is not { Length: > 0 } value)
            throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{Shown(address)} returned no token. Check the address.")
            { Target = address.Host };
        Hide(value);
        DateTimeOffset end = Seconds(response, "expires_on") is { } at ? DateTimeOffset.FromUnixTimeSeconds(at)
            : now + TimeSpan.FromSeconds(Seconds(response, "expires_in") ?? 3600);
        return new AccessToken(value, now, end);
    }

    /// <summary>Returns a text in a response; null if it is missing.</summary>
    public static string? Text(JsonElement response, string name) =>
        response.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Parses an address in a setting.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it is not one.</exception>
    public static Uri Address(string text, string setting) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
        ? address
        : throw new MlflowException(
            ErrorKind.InvalidValue,
            $"{setting} is not an address. Write it as https://host/path.")
        { Target = setting };

    private static long? Seconds(JsonElement response, string name) => response.TryGetProperty(name, out JsonElement value)
        && long.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < int.MaxValue * 100L ? seconds : null;

    private async Task<T> SendAsync<T>(
        HttpRequestMessage request, HttpMessageHandler handler, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancellationToken)
    {
        Uri address = request.RequestUri!;
        using (request)
        using (HttpClient client = HttpTransport.CreateClient(new BufferingHandler { InnerHandler = handler }, new ConnectionOptions()))
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            if (address.Scheme != Uri.UriSchemeHttps && !address.IsLoopback && !IsLinkLocal(address))
                throw new MlflowException(
                    ErrorKind.InvalidValue,
                    $"{Shown(address)} is not an https address, and credentials must not be sent there unencrypted. Correct the variable "
                    + "that names it.")
                { Target = address.Host };
            patience.CancelAfter(Patience);
            try
            {
                using HttpResponseMessage response = await client.SendAsync(request, patience.Token).ConfigureAwait(false);
                return await read(response).ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                throw ConnectionErrors.From(e, address, options, timedOut: e is OperationCanceledException);
            }
        }
    }

    private static MlflowException Refused(Uri address, HttpResponseMessage response, string body)
    {
        int status = (int)response.StatusCode;
        JsonElement? error = Parse(body);
        string? code = First("error", "error_code", "errorCode", "typeKey");

        // Only the first line: request ids follow.
        string said = First("error_description", "errorSummary", "message")?.Split('\n')[0].Trim().TrimEnd('.') ?? "";
        bool transient = Failures.IsTransient(status);
        string? network = NetworkRefusal.AdviceOn(said);
        string text = said.Length == 0 ? "" : $": {(said.Length > 300 ? said.Substring(0, 300) + "…" : said)}";
        return new MlflowException(
            transient ? ErrorKind.ServerError : network is null ? ErrorKind.AuthenticationFailed : ErrorKind.PermissionDenied,
            $"{Shown(address)} issued no token ({status}{(code is null ? "" : $" {code}")}){text}.{(network is null ? "" : $" {network}")}")
        {
            Target = address.Host,
            StatusCode = status,
            ErrorCode = code,
            IsTransient = transient,
            RetryAfter = ServerErrors.ReadRetryAfter(response.Headers.RetryAfter?.ToString(), DateTimeOffset.UtcNow),
        };

        string? First(params string[] names) =>
            error is { } json ? names.Select(name => Text(json, name)).FirstOrDefault(text => text is not null) : null;
    }

    private static JsonElement? Parse(string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool IsLinkLocal(Uri address) => address.Host.StartsWith("169.254.", StringComparison.Ordinal);

    private static string Shown(Uri address) => address.GetLeftPart(UriPartial.Path);
}
