using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Transfers large files directly to and from the bucket behind an MLflow server that proxies artifacts. If the bucket cannot be used
/// from here, everything goes through the server again.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="root">The address of the root.</param>
/// <param name="runId">The run, if the server is its tracking server.</param>
/// <param name="warn">Called once when direct transfers are given up.</param>
internal sealed class DirectTransfers(RestApi api, Uri root, string? runId, Action<string> warn) : IDisposable
{
    private readonly MultipartOptions _options = api.Options.Multipart with
    {
        MinimumFileBytes = api.Options.Multipart.MinimumFileBytes ?? MultipartOptions.LargeFileBytes,
    };

    private readonly object _gate = new();
    private PresignedUrlClient? _bucket;
    private ProxiedMultipart? _target;
    private MultipartUpload? _upload;

    /// <summary>The minimum size of a file that is sent in parts, in bytes.</summary>
    public long MinimumBytes => _options.MinimumFileBytes ?? MultipartOptions.LargeFileBytes;

    /// <summary>Sends a file in parts. Returns null if it must go through the server.</summary>
    public async Task<ArtifactContent?> TrySendAsync(FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken)
    {
        if (!await MayAsync(_options.ThroughServer, info => info.TakesParts, cancellationToken).ConfigureAwait(false))
            return null;

        (ProxiedMultipart target, MultipartUpload upload) = Upload();
        try
        {
            return await upload.TrySendAsync(file, path, sent, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException) when (_options.ThroughServer is null && target.BucketFailure is { } failure)
        {
            GiveUp($"rejected a part of a file: {failure.Message}");
            await upload.AbandonAsync(path, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Finds the ranges of an artifact in the bucket. Returns null if it must be downloaded through the server.</summary>
    public async Task<RangeSource?> TryFindRangesAsync(string path, long length, CancellationToken cancellationToken)
    {
        if (length < _options.RangedFileBytes
            || !await MayAsync(_options.FromBucket, info => info.GivesDirectDownloads, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        PresignedUrl first;
        try
        {
            first = await SignAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode is 404 or 405 or 501)
        {
            return null;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.UriUnsupported)
        {
            GiveUp($"is not used: {e.Message}");
            return null;
        }

        if (!await IsReachableAsync(first, cancellationToken).ConfigureAwait(false))
            return null;
        return new PresignedRanges(api.Options, Bucket(), first, token => SignAsync(path, token), path, failure =>
        {
            GiveUp($"did not return '{path}': {failure.Message}");
            return true;
        });
    }

    /// <summary>Returns the presigned URL of an artifact in the bucket.</summary>
    public Task<PresignedUrl> FindUrlAsync(string path, CancellationToken cancellationToken) => SignAsync(path, cancellationToken);

    public void Dispose()
    {
        _upload?.Dispose();
        _bucket?.Dispose();
    }

    // MLflow's own variable takes precedence if it is set.
    private async Task<bool> MayAsync(bool? variable, Func<ServerInfo, bool> can, CancellationToken cancellationToken)
    {
        if (api.Options.Presigned == PresignedUse.Never || api.Direct.IsClosed)
            return false;
        return variable ?? (await api.Capabilities.GetAsync(cancellationToken).ConfigureAwait(false) is { } info && can(info));
    }

    private async Task<bool> IsReachableAsync(PresignedUrl url, CancellationToken cancellationToken)
    {
        if (await api.Direct.WhyUnreachableAsync(url, cancellationToken).ConfigureAwait(false) is not { } why)
            return true;
        GiveUp($"cannot be reached from here: {why}");
        return false;
    }

    private void GiveUp(string why)
    {
        if (api.Direct.Close())
        {
            warn($"The bucket behind {api.Server.GetLeftPart(UriPartial.Authority)} {why} "
                + "Large files go through the server for the rest of this session.");
        }
    }

    private async Task<PresignedUrl> SignAsync(string path, CancellationToken cancellationToken)
    {
        string address = root.AbsoluteUri.TrimEnd('/').Replace(ProxiedArtifactStore.Endpoint, "api/2.0/mlflow-artifacts/presigned");
        JsonElement response = await api.GetAddressAsync(
            $"{address}/{ArtifactPath.Escape(path)}", ErrorKind.ArtifactNotFound, cancellationToken).ConfigureAwait(false);
        return JsonFields.Read(response, api.Server.Host, json => PresignedUrl.Read(json, "url", api.Server));
    }

    private void WarnOfIgnoredTls(PresignedUrl url) => api.Direct.WarnOfIgnoredTls(url, warn);

    private PresignedUrlClient Bucket()
    {
        lock (_gate)
            return _bucket ??= new PresignedUrlClient(api.Options, api.Retrier, WarnOfIgnoredTls);
    }

    private (ProxiedMultipart Target, MultipartUpload Upload) Upload()
    {
        lock (_gate)
        {
            _target ??= new ProxiedMultipart(api, root, runId, IsReachableAsync, WarnOfIgnoredTls);
            _upload ??= new MultipartUpload(_target, _options, runId);
            return (_target, _upload);
        }
    }
}
