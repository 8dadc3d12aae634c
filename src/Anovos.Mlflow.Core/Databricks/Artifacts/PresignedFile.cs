using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>One artifact in the storage behind a workspace, and the permission for it, renewed when it expires on the way.</summary>
internal sealed class PresignedFile(ArtifactCredentials credentials, string path, ArtifactCredential first)
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ArtifactCredential _current = first;

    /// <summary>How the storage is spoken to.</summary>
    public string Type { get; } = first.Type;

    /// <summary>Does something with the signed address; once more with a new one, where the storage refuses it.</summary>
    /// <exception cref="MlflowException">The storage refuses an address that was just signed, or something else failed.</exception>
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

    // Of several parts that are refused at once, the first renews for all.
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
