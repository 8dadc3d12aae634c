using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// The artifacts of a run in a bucket for which only the tracking server has credentials. The server signs a URL for each file (MLflow
/// 3.15 and later) and lists the bucket.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="runId">The run.</param>
/// <param name="root">Its artifact root, for error messages.</param>
/// <param name="takesCredentials">Whether the bucket can also be accessed with the user's own credentials.</param>
/// <param name="warn">Called with warnings for the user, such as that certificates are not checked.</param>
internal sealed class PresignedArtifactStore(RestApi api, string runId, string root, bool takesCredentials, Action<string> warn)
    : IArtifactStore, ISharesConcurrency, IPrefetchesCredentials, IRangedReader
{
    private const string NotSent =
        "it is not sent. Rename the file, or send its folder with -Compress, which stores the folder as one zip with the original names";

    // The largest object that one PUT can create: 5 TiB for Google; 5 GiB for S3 and compatible stores.
    private readonly long _maximumGibibytes = LocalUri.SchemeOf(root) == "gs" ? 5 << 10 : 5;
    private readonly PresignedUrlClient _bucket = new(api.Options, api.Retrier, url => api.Direct.WarnOfIgnoredTls(url, warn));
    private UploadUrls? _uploads;

    public bool IsLocal => false;

    public bool TakesControls => false;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    private UploadUrls Uploads => LazyInitializer.EnsureInitialized(ref _uploads, () => new UploadUrls(SignUploadAsync))!;

    public void ExpectUploads(IEnumerable<string> artifactPaths) => Uploads.Expect(artifactPaths.Select(ArtifactPath.Normalize));

    public Task<ArtifactContent?> SendAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        ThrowIfChanged(path, NotSent);
        if (source.State.Length > _maximumGibibytes << 30)
        {
            throw new MlflowException(
                ErrorKind.ArtifactSendFailed,
                $"{source} has {source.State.Length} bytes, but a presigned URL accepts at most {_maximumGibibytes} GiB. "
                + $"Split the file, or set your own credentials for {root}.")
            { Target = path };
        }

        return FileTransfer.WithinLimitAsync(api.Options, path, ErrorKind.ArtifactSendFailed, SendOneAsync, cancellationToken);

        async Task<ArtifactContent?> SendOneAsync(CancellationToken stop)
        {
            PresignedUrl first = await Uploads.GetAsync(path, stop).ConfigureAwait(false);
            return await new RenewedUrl(token => SignUploadAsync(path, token), path, first).RunAsync(PutAsync, stop).ConfigureAwait(false);

            async Task<ArtifactContent> PutAsync(PresignedUrl url) =>
                (await _bucket.SendAsync(HttpMethod.Put, url, source, part: null, sent, stop).ConfigureAwait(false)).Content;
        }
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        ThrowIfChanged(path, "it is not downloaded, because the server could return another file. Download it from the bucket directly");
        return FileTransfer.WithinLimitAsync(
            api.Options,
            path,
            ErrorKind.ArtifactReceiveFailed,
            stop => new RenewedUrl(token => SignDownloadAsync(path, token), path)
                .RunAsync(url => _bucket.ReceiveAsync(url, target, received, stop), stop),
            cancellationToken);
    }

    public async Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        if (length < api.Options.Multipart.RangedFileBytes || ServedPath.WhyChangedAlone(path) is not null)
            return null;
        PresignedUrl first = await SignDownloadAsync(path, cancellationToken).ConfigureAwait(false);
        return new PresignedRanges(api.Options, _bucket, first, token => SignDownloadAsync(path, token), path);
    }

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string folder = ArtifactPath.Normalize(artifactPath);
        ThrowIfChanged(folder, "it is not listed, because the server could list another folder. Look for it in the bucket directly");
        return RunListing.OfAsync(api, runId, folder, cancellationToken);
    }

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw new MlflowException(
        ErrorKind.ArtifactRemovalFailed,
        $"'{artifactPath}' was not removed: an MLflow server does not sign URLs that remove files. "
        + (takesCredentials
            ? $"Set your own credentials for {root}, and leave ANOVOS_MLFLOW_PRESIGNED unset."
            : $"Removing it requires your own credentials for {root}, which this version does not support. Use the bucket's own tools."))
    { Target = artifactPath };

    /// <summary>Returns a URL that shows the host of the bucket.</summary>
    public Task<PresignedUrl> FindUrlAsync(CancellationToken cancellationToken) =>
        SignUploadAsync("anovos-mlflow-probe", cancellationToken);

    public void Dispose()
    {
        _uploads?.Dispose();
        _bucket.Dispose();
    }

    private Task<PresignedUrl> SignUploadAsync(string path, CancellationToken cancellationToken) =>
        SignAsync("artifacts/presigned-upload-url", path, cancellationToken);

    private Task<PresignedUrl> SignDownloadAsync(string path, CancellationToken cancellationToken) =>
        SignAsync("artifacts/presigned-download-url", path, cancellationToken);

    private async Task<PresignedUrl> SignAsync(string endpoint, string path, CancellationToken cancellationToken)
    {
        JsonElement response;
        try
        {
            response = await api.PostAsync(endpoint, Write, ErrorKind.ArtifactNotFound, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is 405 or 501 || e is { StatusCode: 404, Kind: ErrorKind.NotAnMlflowServer })
        {
            throw e.Rewrap($"The server does not sign URLs for {root}. {e.Message}", ErrorKind.NotSupported, path);
        }

        return JsonFields.Read(response, api.Server.Host, json => PresignedUrl.Read(json, "presigned_url", api.Server));

        void Write(Utf8JsonWriter json)
        {
            json.WriteString("run_id", runId);
            json.WriteString("path", path);
        }
    }

    private static void ThrowIfChanged(string path, string advice)
    {
        if (ServedPath.WhyChangedAlone(path) is { } why)
            throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"An MLflow server {why}: {advice}.") { Target = path };
    }
}
