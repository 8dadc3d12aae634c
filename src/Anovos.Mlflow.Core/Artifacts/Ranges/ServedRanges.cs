using System.Net.Http.Headers;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>An artifact behind an MLflow server. Servers before 3.17, and servers in front of a bucket, ignore the range.</summary>
/// <param name="api">The server.</param>
/// <param name="address">The artifact's address.</param>
/// <param name="request">Creates a request that reads the artifact.</param>
internal sealed class ServedRanges(RestApi api, string address, Func<HttpRequestMessage> request) : RangeSource(api.Options)
{
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);

    public override string Address => address;

    public override Task RunAsync(Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken) =>
        _transfer.RunAsync(
            api.Server,
            _ => { },
            async (moved, time) =>
            {
                await attempt(moved, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public override async Task RequestAsync(
        ByteRange range, Func<RangeHead, Stream> begin, Action<long> moved, CancellationToken time, CancellationToken stop)
    {
        using HttpRequestMessage message = request();
        message.Headers.Range = new RangeHeaderValue(range.From, range.To - 1);
        await _transfer.ReceiveRangeAsync(api.Server, message, begin, moved, time, stop).ConfigureAwait(false);
    }
}
