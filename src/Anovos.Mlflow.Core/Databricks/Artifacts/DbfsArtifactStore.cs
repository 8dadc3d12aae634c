using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>Artifacts in the Databricks file system, through its API (<c>/api/2.0/dbfs</c>), which accepts small blocks in sequence.</summary>
/// <param name="api">The workspace.</param>
/// <param name="root">The folder, with a leading slash.</param>
internal sealed class DbfsArtifactStore(RestApi api, string root) : IArtifactStore, ISharesConcurrency
{
    // With base64 and the JSON around it, this is below the API's limit of 1 MB for a body.
    private const int BlockBytes = 700 << 10;
    private const int ReadBytes = 1 << 20;

    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);

        // A block whose response was lost may already be stored, so a retry starts the file again.
        return _transfer.WithinLimitAsync(path, stop => _transfer.RunAsync(api.Server, sent, (moved, time) => SendOnceAsync(source, path, moved, time), stop), cancellationToken);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        return _transfer.WithinLimitAsync(
            path,
            async stop =>
            {
                target.SetLength(0);
                for (long offset = 0; ;)
                {
                    JsonElement response = await GetAsync("read", path, stop, ("offset", offset.ToString(CultureInfo.InvariantCulture)), ("length", ReadBytes.ToString(CultureInfo.InvariantCulture))).ConfigureAwait(false);
                    byte[] block = JsonFields.Read(response, api.Server.Host, json => json.TryGetProperty("data", out JsonElement data) ? data.GetBytesFromBase64() : []);
                    if (block.Length == 0)
                        return true;
                    await target.WriteAsync(block, 0, block.Length, stop).ConfigureAwait(false);
                    received(block.Length);
                    offset += block.Length;
                }
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string folder = ArtifactPath.Normalize(artifactPath);
        try
        {
            JsonElement response = await GetAsync("list", folder, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<Artifact> found = ArtifactResponses.ReadList(response, api.Server, "");
            string prefix = PathOf("").TrimEnd('/') + "/";
            return [.. found.Where(entry => entry.ArtifactPath != PathOf(folder)).Select(entry => entry with { ArtifactPath = entry.ArtifactPath.StartsWith(prefix, StringComparison.Ordinal) ? entry.ArtifactPath.Substring(prefix.Length) : entry.ArtifactPath })];
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return [];
        }
    }

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw DbfsRoots.RemovesNone(artifactPath);

    public void Dispose()
    {
    }

    private async Task<ArtifactContent?> SendOnceAsync(ArtifactSource source, string path, Action<long> moved, CancellationToken cancellationToken)
    {
        using Stream bytes = await source.OpenAsync(cancellationToken).ConfigureAwait(false);
        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        JsonElement created = await PostAsync("create", json => json.WriteString("path", PathOf(path)), json => json.WriteBoolean("overwrite", true), cancellationToken).ConfigureAwait(false);
        long handle = JsonFields.Read(created, api.Server.Host, json => json.Whole("handle"));
        byte[] block = new byte[BlockBytes];
        int read;
        while ((read = await ReadBlockAsync(bytes, block, cancellationToken).ConfigureAwait(false)) > 0)
        {
            int length = read;
            await PostAsync("add-block", json => json.WriteNumber("handle", handle), json => json.WriteBase64String("data", block.AsSpan(0, length)), cancellationToken).ConfigureAwait(false);
            meter.Write(block, 0, read);
            moved(read);
        }

        await PostAsync("close", json => json.WriteNumber("handle", handle), _ => { }, cancellationToken).ConfigureAwait(false);
        return meter.Finish();
    }

    private static async Task<int> ReadBlockAsync(Stream source, byte[] block, CancellationToken cancellationToken)
    {
        int filled = 0, read;
        while (filled < block.Length && (read = await source.ReadAsync(block, filled, block.Length - filled, cancellationToken).ConfigureAwait(false)) > 0)
            filled += read;
        return filled;
    }

    private Task<JsonElement> PostAsync(string action, Action<Utf8JsonWriter> first, Action<Utf8JsonWriter> second, CancellationToken cancellationToken) =>
        api.PostAddressOnceAsync($"api/2.0/dbfs/{action}", first + second, ErrorKind.ArtifactNotFound, cancellationToken);

    private Task<JsonElement> GetAsync(string action, string path, CancellationToken cancellationToken, params (string Name, string? Value)[] fields) =>
        api.GetAddressAsync($"api/2.0/dbfs/{action}", ErrorKind.ArtifactNotFound, cancellationToken, [("path", PathOf(path)), .. fields]);

    private string PathOf(string path) => ArtifactPath.Join(root.TrimEnd('/'), path);
}
