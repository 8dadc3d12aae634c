using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// A folder of a Google bucket, reached with an OAuth token: objects by the XML API, each in one request, and lists by the JSON API.
/// </summary>
/// <param name="bucket">The bucket.</param>
/// <param name="prefix">The folder, without a slash at either end.</param>
/// <param name="token">The token.</param>
/// <param name="endpoint">Another endpoint than Google's; null for Google's.</param>
/// <param name="options">How hosts are reached.</param>
/// <param name="retrier">Repeats.</param>
internal sealed class GoogleTokenStore(
    string bucket, string prefix, TemporaryToken token, string? endpoint, ConnectionOptions options, Retrier retrier)
    : IArtifactStore, ISharesConcurrency
{
    private readonly PresignedUrlClient _client = new(options, retrier);
    private readonly string _endpoint = (endpoint ?? "https://storage.googleapis.com").TrimEnd('/');
    private readonly Dictionary<string, string> _headers = new() { ["Authorization"] = $"Bearer {token.AccessToken}" };

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => retrier.Concurrency;

    public async Task<ArtifactContent?> SendAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        (await _client.SendAsync(HttpMethod.Put, Object(artifactPath), source, part: null, sent, cancellationToken)
            .ConfigureAwait(false)).Content;

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        _client.ReceiveAsync(Object(artifactPath), target, received, cancellationToken);

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string folder = KeyOf(artifactPath) is { Length: > 0 } key ? key + "/" : "";
        List<Artifact> entries = [];
        string? page = null;
        do
        {
            JsonElement listed = await ListPageAsync(folder, page, cancellationToken).ConfigureAwait(false);
            page = JsonFields.Read(listed, new Uri(_endpoint).Host, json =>
            {
                entries.AddRange(json.Texts("prefixes").Select(name => Entry(name.TrimEnd('/'), null)));
                entries.AddRange(json.Items("items").Where(item => item.Text("name") != folder)
                    .Select(item => Entry(item.Id("name"), item.Whole("size"))));
                return json.Text("nextPageToken") is { Length: > 0 } next && next != page ? next : null;
            });
        }
        while (page is not null);
        return [.. entries.OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal)];

        Artifact Entry(string name, long? length)
        {
            string own = name.StartsWith(folder, StringComparison.Ordinal) ? name.Substring(folder.Length) : name;
            return new Artifact(ArtifactPath.Join(ArtifactPath.Normalize(artifactPath), own), length is null, length);
        }
    }

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) =>
        _client.CallAsync(HttpMethod.Delete, Object(ArtifactPath.OfRemoval(artifactPath)), body: null, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<JsonElement> ListPageAsync(string folder, string? page, CancellationToken cancellationToken)
    {
        string more = page is null ? "" : $"&pageToken={Uri.EscapeDataString(page)}";
        string query = $"prefix={Uri.EscapeDataString(folder)}&delimiter=%2F{more}";
        using var body = new MemoryStream();
        await _client.ReceiveAsync(
            Signed($"{_endpoint}/storage/v1/b/{Uri.EscapeDataString(bucket)}/o?{query}"), body, _ => { }, cancellationToken)
                .ConfigureAwait(false);
        return ResponseBody.TryParse(body.ToArray()) ?? default;
    }

    private string KeyOf(string artifactPath) => ArtifactPath.Join(prefix, ArtifactPath.Normalize(artifactPath));

    private PresignedUrl Object(string artifactPath) =>
        Signed($"{_endpoint}/{Uri.EscapeDataString(bucket)}/{ArtifactPath.Escape(KeyOf(artifactPath))}");

    private PresignedUrl Signed(string address) => PresignedUrl.Parse(address, _headers);
}
