using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A presigned URL that is replaced when it is old, or when the bucket rejects it. Thread-safe.</summary>
/// <param name="sign">Requests a new URL from the server.</param>
/// <param name="path">The artifact path, for error messages.</param>
/// <param name="first">A URL that was signed before.</param>
internal sealed class RenewedUrl(Func<CancellationToken, Task<PresignedUrl>> sign, string path, PresignedUrl? first = null)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private PresignedUrl? _current = first;

    /// <summary>Uses the URL, and repeats that with a new URL if the bucket rejects it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.PermissionDenied"/> if the bucket rejects a new URL too.</exception>
    public async Task<T> RunAsync<T>(Func<PresignedUrl, Task<T>> work, CancellationToken cancellationToken)
    {
        PresignedUrl used = await GetAsync(refused: null, cancellationToken).ConfigureAwait(false);
        try
        {
            return await RunOnceAsync(work, used).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            used = await GetAsync(used, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await RunOnceAsync(work, used).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            throw e.Rewrap(
                $"The bucket at {used.Host.Authority} rejected a URL that the tracking server had just signed. {e.Message} "
                + "Check the server's own credentials for the bucket, the bucket's policy and firewall, and the clocks.",
                ErrorKind.PermissionDenied,
                path);
        }
    }

    private static async Task<T> RunOnceAsync<T>(Func<PresignedUrl, Task<T>> work, PresignedUrl url)
    {
        try
        {
            return await work(url).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.TrackingServerUnreachable)
        {
            throw e.Rewrap(
                $"The bucket at {url.Host.Authority}, for which the tracking server signs URLs, cannot be reached from here: "
                + $"{ConnectionErrors.OfBucket(e, url)}. Check the network, the firewall and the proxy settings, or have the server "
                + "proxy artifacts (--serve-artifacts).");
        }
    }

    // If several requests are rejected at the same time, the first one renews the URL for all.
    private async Task<PresignedUrl> GetAsync(PresignedUrl? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_current is null || _current.IsOld || ReferenceEquals(_current, refused))
                _current = await sign(cancellationToken).ConfigureAwait(false);
            return _current;
        }
        finally
        {
            _gate.Release();
        }
    }
}
