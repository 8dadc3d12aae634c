namespace Anovos.Mlflow.Http;

/// <summary>Asks a server what it can do: once for a connection, and only when the answer matters.</summary>
internal sealed class ServerCapabilities(RestApi api)
{
    private const string Endpoint = "api/3.0/mlflow/server-info";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ServerInfo? _known;

    /// <summary>What the server says; null if it could not be asked. That is not remembered, because a proxy may have answered.</summary>
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
