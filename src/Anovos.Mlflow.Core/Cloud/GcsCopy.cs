using Google.Apis.Storage.v1;
using Google.Apis.Storage.v1.Data;
using GcsObject = Google.Apis.Storage.v1.Data.Object;

namespace Anovos.Mlflow.Cloud;

/// <summary>An object in Google Cloud Storage to copy, and the generation that it must still have.</summary>
internal sealed record GcsCopySource(string Bucket, string Key, long Generation);

/// <summary>
/// Copies an object within Google Cloud Storage. Each request rewrites some bytes, or all of them, and returns where the next one
/// continues. The parts only limit the bytes of each request.
/// </summary>
internal sealed class GcsCopy(GcsClient client, GcsCopySource source, string bucket, string key, CloudRequests requests) : IMultipartCopy
{
    private readonly SemaphoreSlim _turn = new(1);
    private RewriteResponse? _reached;
    private int _asked;

    public int MaxParts => 100_000;

    public Task CreateAsync(PartPlan plan, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task CopyPartAsync(PartPlan plan, int index, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The parts may be requested in any order, but the bytes are always copied from first to last.
            _asked++;
            long end = Math.Min(plan.Length, (long)_asked * plan.PartLength);
            while (_reached is not { Done: true } && (_reached?.TotalBytesRewritten ?? 0) < end)
                _reached = await RewriteAsync(plan, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        while (_reached is not { Done: true })
            _reached = await RewriteAsync(plan, cancellationToken).ConfigureAwait(false);
        if (_reached.Resource?.Size is { } size && (long)size != plan.Length)
            throw GcsErrors.Replaced($"gs://{source.Bucket}");
    }

    // The object does not exist before the last request.
    public Task AbortAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private Task<RewriteResponse> RewriteAsync(PartPlan plan, CancellationToken cancellationToken) => requests.RunAsync(
        async (_, time) =>
        {
            StorageService service = (await client.GetAsync(time).ConfigureAwait(false)).Service;
            var made = new GcsObject { ContentType = GcsUpload.ContentType };
            ObjectsResource.RewriteRequest request = service.Objects.Rewrite(made, source.Bucket, source.Key, bucket, key);
            request.IfSourceGenerationMatch = source.Generation;
            request.RewriteToken = _reached?.RewriteToken;
            if (plan.Count > 1)
                request.MaxBytesRewrittenPerCall = plan.PartLength;
            return await request.ExecuteAsync(time).ConfigureAwait(false);
        },
        cancellationToken);
}
