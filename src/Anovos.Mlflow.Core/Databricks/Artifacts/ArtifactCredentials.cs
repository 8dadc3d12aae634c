using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>A credential to write or read one artifact in a workspace's storage.</summary>
/// <param name="Type">The storage protocol: <c>AZURE_SAS_URI</c>, <c>AZURE_ADLS_GEN2_SAS_URI</c>, <c>AWS_PRESIGNED_URL</c> or <c>GCP_SIGNED_URL</c>.</param>
/// <param name="Address">The presigned URL.</param>
internal sealed record ArtifactCredential(string Type, PresignedUrl Address)
{
    /// <summary>Reads an <c>ArtifactCredentialInfo</c> of Databricks' API.</summary>
    public static ArtifactCredential Read(JsonElement info)
    {
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        foreach (JsonElement header in info.Items("headers"))
            headers[header.Id("name")] = header.Text("value");
        return new ArtifactCredential(info.Text("type"), PresignedUrl.Parse(info.Id("signed_uri"), headers));
    }
}

/// <summary>
/// Fetches credentials to write or read the artifacts of a run or a logged model; in batches if the next paths are known. Thread-safe.
/// </summary>
internal sealed class ArtifactCredentials(RestApi api, ArtifactOwner owner, string endpoint) : IDisposable
{
    // Databricks' limits for the paths of a request and, with a margin, its body.
    private const int MaximumPaths = 2000;
    private const int MaximumBytes = 900_000;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, ArtifactCredential> _held = new(StringComparer.Ordinal);
    private readonly Queue<string> _announced = new();

    /// <summary>Announces the paths that will be requested, in that order.</summary>
    public void ExpectUploads(IEnumerable<string> paths)
    {
        lock (_announced)
        {
            foreach (string path in paths)
                _announced.Enqueue(path);
        }
    }

    /// <summary>Returns the credential for a path.</summary>
    public async Task<ArtifactCredential> GetAsync(string path, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_held.ContainsKey(path))
                await FetchAsync(Batch(path), cancellationToken).ConfigureAwait(false);
            ArtifactCredential credential = _held[path];
            _held.Remove(path);
            return credential;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Replaces the expired credential for a path.</summary>
    public async Task<ArtifactCredential> RenewAsync(string path, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _held.Clear(); // as old as the expired one
            await FetchAsync([path], cancellationToken).ConfigureAwait(false);
            return _held[path];
        }
        finally
        {
            _held.Remove(path);
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private List<string> Batch(string first)
    {
        List<string> batch = [first];
        int bytes = Encoding.UTF8.GetByteCount(first);
        lock (_announced)
        {
            while (_announced.Count > 0 && batch.Count < MaximumPaths && (bytes += Encoding.UTF8.GetByteCount(_announced.Peek()) + 8) < MaximumBytes)
            {
                string next = _announced.Dequeue();
                if (next != first)
                    batch.Add(next);
            }
        }

        return batch;
    }

    private async Task FetchAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        string? token = null;
        int read = 0;
        do
        {
            JsonElement response = await api.PostAsync(endpoint, json => owner.WriteRequest(json, paths, token), ErrorKind.RunNotFound, cancellationToken).ConfigureAwait(false);
            try
            {
                foreach (JsonElement info in owner.ReadCredentials(response))
                {
                    string path = info.Text("path") is { Length: > 0 } named ? named : paths[read];
                    _held[path] = ArtifactCredential.Read(info);
                    read++;
                }

                string next = response.Text("next_page_token");
                token = next.Length == 0 || next == token ? null : next;
            }
            catch (Exception e) when (e is InvalidOperationException or FormatException or ArgumentOutOfRangeException or IndexOutOfRangeException)
            {
                throw NotUnderstood(paths[0], e);
            }
        }
        while (token is not null && read < paths.Count);

        if (!_held.ContainsKey(paths[0]))
            throw NotUnderstood(paths[0], null);
    }

    private MlflowException NotUnderstood(string path, Exception? cause) => new(
        ErrorKind.ServerError,
        $"The workspace at {api.Server.Host} returned no location for the artifact '{path}' of {owner}. Check that the "
        + $"{(owner.IsModel ? "model" : "run")} belongs to that workspace.",
        cause)
    { Target = path };
}
