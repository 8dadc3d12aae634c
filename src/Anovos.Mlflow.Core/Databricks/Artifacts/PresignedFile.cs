using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>One artifact in the storage behind a workspace, and its credential, which is renewed if it expires during a transfer.</summary>
internal sealed class PresignedFile(ArtifactCredentials credentials, string path, ArtifactCredential first)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ArtifactCredential _current = first;

    /// <summary>The protocol of the storage.</summary>
    public string Type { get; } = first.Type;

    /// <summary>Runs an operation with the presigned URL; repeats it once with a new URL if the storage rejects the first.</summary>
    /// <exception cref="MlflowException">The storage rejects a URL that was just signed, or another error occurred.</exception>
    public async Task<T> RunAsync<T>(Func<PresignedUrl, Task<T>> work, CancellationToken cancellationToken)
    {
        ArtifactCredential used = _current;
        try
        {
            return await work(used.Address).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            used = await RenewAsync(used, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await work(used.Address).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            string host = new Uri(used.Address.Url).Host;
            throw e.Rewrap($"The storage behind the workspace, {host}, rejected a URL that the workspace had just signed: {e.Message} Check the storage's firewall and the clocks.", ErrorKind.PermissionDenied, path);
        }
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(Func<PresignedUrl, Task> work, CancellationToken cancellationToken) =>
        RunAsync(
            async address =>
            {
                await work(address).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    // If several parts are rejected at the same time, the first renews the credential for all.
    private async Task<ArtifactCredential> RenewAsync(ArtifactCredential used, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (ReferenceEquals(_current, used))
                _current = await credentials.RenewAsync(path, cancellationToken).ConfigureAwait(false);
            return _current;
        }
        finally
        {
            _gate.Release();
        }
    }
}
