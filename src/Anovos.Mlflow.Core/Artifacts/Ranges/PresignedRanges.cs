using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>An object in a bucket, at a presigned URL.</summary>
/// <param name="options">The length of a range, and the timeouts.</param>
/// <param name="bucket">Sends the requests.</param>
/// <param name="first">The URL.</param>
/// <param name="sign">Requests a new URL from the server.</param>
/// <param name="path">The artifact path, for error messages.</param>
/// <param name="givesUp">Returns whether there is another way to the artifact after a failure; null if there is none.</param>
internal sealed class PresignedRanges(
    ConnectionOptions options,
    PresignedUrlClient bucket,
    PresignedUrl first,
    Func<CancellationToken, Task<PresignedUrl>> sign,
    string path,
    Func<MlflowException, bool>? givesUp = null) : RangeSource(options)
{
    private readonly RenewedUrl _url = new(sign, path, first);

    public override string Address => first.Address;

    public override bool GivesUp(MlflowException failure) => givesUp?.Invoke(failure) == true;

    public override Task RunAsync(Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken) =>
        bucket.RunAsync(first.Host, attempt, cancellationToken);

    public override Task RequestAsync(
        ByteRange range, Func<RangeHead, Stream> begin, Action<long> moved, CancellationToken time, CancellationToken stop) =>
        _url.RunAsync(
            async url =>
            {
                await bucket.ReceiveRangeAsync(url, range, begin, moved, time, stop).ConfigureAwait(false);
                return true;
            },
            stop);
}
