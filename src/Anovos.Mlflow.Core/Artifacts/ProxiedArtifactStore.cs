using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Artifacts that an MLflow server proxies (<c>mlflow-artifacts:</c>, or its <c>http(s):</c> form).</summary>
/// <param name="api">The server.</param>
/// <param name="root">The address of the root.</param>
/// <param name="ownsApi">Whether the connection is disposed with this store.</param>
/// <param name="runId">The run, if the server is its tracking server.</param>
/// <param name="warn">Called with warnings for the user, such as that the bucket behind the server cannot be reached.</param>
internal sealed class ProxiedArtifactStore(RestApi api, Uri root, bool ownsApi, string? runId = null, Action<string>? warn = null)
    : IArtifactStore, ISharesConcurrency, IRangedReader
{
    /// <summary>The path of MLflow's artifact service, relative to the server's address.</summary>
    public const string Endpoint = "api/2.0/mlflow-artifacts/artifacts";

    private const string NotSent =
        "it is not sent. Rename the file, or send its folder with -Compress of Send-MlflowArtifact, Send-AnovosArtifact or "
        + "Invoke-AnovosWorkflow, which stores the folder as one zip with the original names";

    private const string NotRemoved =
        "it is not removed, because the server could remove another file. Remove it where the server keeps its artifacts";

    private const string NotReceived =
        "it is not downloaded, because the server could return another file. Copy it from where the server keeps its artifacts";

    private const string NotListed =
        "it is not listed, because the server could list another folder. Look for it where the server keeps its artifacts";

    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);
    private readonly DirectTransfers _direct = new(api, root, runId, warn ?? (_ => { }));

    public bool IsLocal => false;

    public bool TakesControls => false;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        ServedPath.ThrowIfChanged(path, NotSent);
        return _transfer.WithinLimitAsync(
            path,
            stop => source is FileSource file && MayGoInParts(file, path)
                ? SendLargeAsync(file, path, sent, stop)
                : SendWholeAsync(source, path, sent, stop),
            cancellationToken);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        ServedPath.ThrowIfChanged(path, NotReceived);
        return _transfer.WithinLimitAsync(
            path,
            stop => _transfer.ReceiveAsync(api.Server, () => GetRequest(path), target, received, stop),
            cancellationToken);
    }

    public async Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        if (length < api.Options.Multipart.RangedFileBytes || ServedPath.WhyChanged(path) is not null)
            return null;
        return await _direct.TryFindRangesAsync(path, length, cancellationToken).ConfigureAwait(false)
            ?? new ServedRanges(api, AddressOf(path), () => GetRequest(path));
    }

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        ServedPath.ThrowIfChanged(ArtifactPath.Normalize(artifactPath), NotListed);
        return api.Retrier.RunAsync(_ => ListOnceAsync(artifactPath, cancellationToken), cancellationToken);
    }

    public async Task DeleteAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.OfRemoval(artifactPath);
        ServedPath.ThrowIfChanged(path, NotRemoved);
        IReadOnlyList<Artifact> beside = await ListAsync(RemoteArtifacts.ParentOf(path), cancellationToken).ConfigureAwait(false);
        if (beside.Any(entry => entry.IsDirectory && entry.ArtifactPath == path))
        {
            // A server with S3 removes everything that begins with a name, such as 'd2' with 'd'. So remove the folder's files by name.
            IReadOnlyList<ListedArtifact> files =
                await ArtifactTree.FilesAsync(this, path, ArtifactTransfer.DefaultParallelism, cancellationToken).ConfigureAwait(false);
            foreach (ListedArtifact file in files.Where(file => ServedPath.WhyChanged(file.ArtifactPath) is null))
                await DeleteOneAsync(file.ArtifactPath, cancellationToken).ConfigureAwait(false);

            if (beside.Any(entry => entry.ArtifactPath != path && entry.ArtifactPath.StartsWith(path, StringComparison.Ordinal)))
            {
                foreach (ListedArtifact file in files)
                    ServedPath.ThrowIfChanged(file.ArtifactPath, NotRemoved);
                return;
            }
        }

        await DeleteOneAsync(path, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<Artifact>> ListOnceAsync(string artifactPath, CancellationToken cancellationToken)
    {
        // The listing endpoint expects the path under the served root as a parameter.
        string address = root.AbsoluteUri;
        int end = address.IndexOf(Endpoint, StringComparison.Ordinal) is var start and >= 0
            ? start + Endpoint.Length
            : throw new MlflowException(ErrorKind.UriUnsupported, $"{address} is not an address of MLflow's artifact service, so its artifacts cannot be listed.") { Target = address };
        string folder = ArtifactPath.Join(Uri.UnescapeDataString(address.Substring(end).Trim('/')), ArtifactPath.Normalize(artifactPath));
        return ArtifactResponses.ReadList(
            await api.GetAddressOnceAsync(address.Substring(0, end), ErrorKind.ArtifactNotFound, cancellationToken, ("path", folder)).ConfigureAwait(false),
            api.Server,
            artifactPath);
    }

    private Task DeleteOneAsync(string path, CancellationToken cancellationToken) =>
        _transfer.DeleteAsync(
            api.Server,
            () => new HttpRequestMessage(HttpMethod.Delete, AddressOf(path)),
            () => IsGoneAsync(path, cancellationToken),
            cancellationToken);

    private async Task<bool> IsGoneAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return (await ListOnceAsync(RemoteArtifacts.ParentOf(path), cancellationToken).ConfigureAwait(false))
                .All(entry => entry.ArtifactPath != path);
        }
        catch (MlflowException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _direct.Dispose();
        if (ownsApi)
            api.Dispose();
    }

    private async Task<ArtifactContent?> SendLargeAsync(
        FileSource file, string path, Action<long> sent, CancellationToken cancellationToken) =>
        await _direct.TrySendAsync(file.File, path, sent, cancellationToken).ConfigureAwait(false)
            ?? await SendWholeAsync(file, path, sent, cancellationToken).ConfigureAwait(false);

    private async Task<ArtifactContent?> SendWholeAsync(ArtifactSource source, string path, Action<long> sent, CancellationToken cancellationToken) =>
        (await _transfer.SendAsync(
            api.Server,
            body => new HttpRequestMessage(HttpMethod.Put, AddressOf(path)) { Content = body },
            source,
            part: null,
            sent,
            cancellationToken,
            () => GetRequest(path)).ConfigureAwait(false)).Content;

    private HttpRequestMessage GetRequest(string path) => GetRequest(api.Server, root, runId, path);

    /// <summary>Creates the request that reads an artifact.</summary>
    /// <param name="server">The server.</param>
    /// <param name="root">The address of the root.</param>
    /// <param name="runId">The run, if the server is its tracking server.</param>
    /// <param name="path">The artifact.</param>
    internal static HttpRequestMessage GetRequest(Uri server, Uri root, string? runId, string path)
    {
        if (runId is null || IsAscii(path.Substring(path.LastIndexOf('/') + 1)) || ServedPath.ReadsAsUrl(path))
            return new HttpRequestMessage(HttpMethod.Get, AddressOf(root, path));

        // MLflow's artifact service cannot put such a name into its response headers; the endpoint of its run page can.
        string query = $"run_id={Uri.EscapeDataString(runId)}&path={Uri.EscapeDataString(path)}";
        return new HttpRequestMessage(HttpMethod.Get, $"{server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/get-artifact?{query}");
    }

    // For an upload in parts, the server decodes the folder separately.
    private bool MayGoInParts(FileSource file, string path) =>
        file.Length >= _direct.MinimumBytes && ServedPath.WhyChanged(RemoteArtifacts.ParentOf(path)) is null;

    private static bool IsAscii(string text) => text.All(character => character < 128);

    private string AddressOf(string path) => AddressOf(root, path);

    private static string AddressOf(Uri root, string path) => $"{root.AbsoluteUri.TrimEnd('/')}/{ArtifactPath.Escape(path)}";
}
