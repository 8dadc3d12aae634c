namespace Anovos.Mlflow.Http;

/// <summary>Queries the capabilities of a server, once per connection and only when they are needed.</summary>
internal sealed class ServerCapabilities(RestApi api)
{
    private const string Endpoint = "api/3.0/mlflow/server-info";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ServerInfo? _known;

    /// <summary>Returns the capabilities; null if the query failed. A failure is not cached, because it may come from a proxy.</summary>
    public async Task<ServerInfo?> GetAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _known ??= await AskAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<ServerInfo?> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            return ServerInfo.Read(
                await api.GetAddressOnceAsync(Endpoint, ErrorKind.NotSupported, cancellationToken).ConfigureAwait(false));
        }
        catch (MlflowException e)
        {
            return e.StatusCode == 404 ? ServerInfo.Older : null;
        }
    }
}
