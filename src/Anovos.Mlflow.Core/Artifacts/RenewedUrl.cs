using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A presigned URL that is replaced when it is old, or when the bucket refuses it. Thread-safe.</summary>
/// <param name="sign">Has the server sign a new one.</param>
/// <param name="path">The artifact, for errors.</param>
/// <param name="first">A URL that is there already.</param>
internal sealed class RenewedUrl(Func<CancellationToken, Task<PresignedUrl>> sign, string path, PresignedUrl? first = null)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private PresignedUrl? _current = first;

    /// <summary>Does something with the URL; once more with a new one if the bucket refuses it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.PermissionDenied"/> if the bucket refuses a new URL too.</exception>
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
                $"The bucket at {used.Host.Authority} refuses a URL that the tracking server has just signed. {e.Message} "
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
                $"The bucket at {url.Host.Authority}, which the tracking server signs URLs of, cannot be reached from here: "
                + $"{ConnectionErrors.OfBucket(e, url)}. Check the network, the firewall and the proxy settings, or have the server pass "
                + "artifacts on (--serve-artifacts).");
        }
    }

    // Of several requests that are refused at once, the first renews for all.
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
