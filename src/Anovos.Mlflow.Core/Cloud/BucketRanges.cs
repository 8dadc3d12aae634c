using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>An object in a bucket, read with the user's own credentials.</summary>
/// <param name="bucket">The bucket.</param>
/// <param name="key">The object's key.</param>
/// <param name="length">Its length.</param>
/// <param name="etag">The ETag of its content.</param>
internal sealed class BucketRanges(IBucket bucket, string key, long length, string etag) : RangeSource(bucket.Requests.Options)
{
    private volatile string? _etag = etag;

    public override string Address => $"{bucket.Uri}/{key}";

    public override Task RunAsync(Func<Action<long>, CancellationToken, Task> attempt, CancellationToken cancellationToken) =>
        bucket.Requests.RunAsync(
            async (moved, time) =>
            {
                await attempt(_ => moved(), time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public override async Task RequestAsync(
        ByteRange range, Func<RangeHead, Stream> begin, Action<long> moved, CancellationToken time, CancellationToken stop)
    {
        string expected = _etag ?? await FindAsync(time).ConfigureAwait(false);
        using Stream response = await OpenAsync(expected, range, time).ConfigureAwait(false);
        using Stream target = begin(new RangeHead(IsWhole: false, expected, length));
        await bucket.Requests.CopyAsync(response, target, moved, time).ConfigureAwait(false);
    }

    private async Task<Stream> OpenAsync(string expected, ByteRange range, CancellationToken time)
    {
        try
        {
            return await bucket.OpenAsync(key, expected, range.From, range.To, time).ConfigureAwait(false);
        }
        catch (Exception e) when (!time.IsCancellationRequested)
        {
            MlflowException failure = bucket.Requests.Explain(e);
            if (failure.Kind != ErrorKind.ArtifactSendFailed)
                throw failure;

            // The object was replaced. The next attempt sees its new content.
            _etag = null;
            string message = $"{Address} was replaced during the download.";
            throw new MlflowException(ErrorKind.ArtifactReceiveFailed, message, e) { Target = Address, IsTransient = true };
        }
    }

    private async Task<string> FindAsync(CancellationToken time)
    {
        BucketObject? found = await bucket.FindAsync(key, time).ConfigureAwait(false);
        return _etag = found?.ETag
            ?? throw new MlflowException(ErrorKind.ArtifactNotFound, $"{Address} was removed during the download.") { Target = Address };
    }
}
