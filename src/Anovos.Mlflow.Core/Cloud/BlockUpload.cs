using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// A block blob that is being written. A block's id is its place and the hash of its bytes, so that an upload that broke off
/// goes on with the blocks that are there, from whatever machine.
/// </summary>
/// <param name="blob">The blob, with its credentials.</param>
/// <param name="renew">Gives the blob with new credentials when the old ones are refused, as a signature that expired is; null where there are none.</param>
/// <param name="requests">Repeats.</param>
internal sealed class BlockUpload(BlockBlobClient blob, Func<CancellationToken, Task<BlockBlobClient>>? renew, CloudRequests requests) : IPartTarget
{
    private const int HashBytes = 20;

    private readonly SemaphoreSlim _renewing = new(1);
    private readonly Dictionary<string, long> _there = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _ids = [];
    private BlockBlobClient _blob = blob;

    public int MaxParts => 50_000;

    public Task PutAsync(Part whole, CancellationToken cancellationToken)
    {
        byte[] md5 = whole.Md5();
        return RunAsync(
            (client, moved, time) => client.UploadAsync(whole.Open(moved), new BlobUploadOptions { HttpHeaders = Headers(md5) }, time),
            cancellationToken);
    }

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        try
        {
            BlockList blocks = await RunAsync((client, _, time) => client.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: time), cancellationToken).ConfigureAwait(false);
            foreach (BlobBlock block in blocks.UncommittedBlocks)
                _there[block.Name] = block.SizeLong;
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.ArtifactNotFound or ErrorKind.PermissionDenied or ErrorKind.AuthenticationFailed)
        {
            // Nothing is there, or who may write may not look: all of it is sent.
        }
    }

    public bool Has(Part part)
    {
        string id = Remember(part);
        return _there.TryGetValue(id, out long length) && length == part.Length;
    }

    public Task PutPartAsync(Part part, CancellationToken cancellationToken)
    {
        string id = Remember(part);
        byte[] md5 = part.Md5();
        return RunAsync(
            (client, moved, time) => client.StageBlockAsync(id, part.Open(moved), new BlockBlobStageBlockOptions { TransferValidation = new() { ChecksumAlgorithm = Azure.Storage.StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = md5 } }, time),
            cancellationToken);
    }

    public Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken) =>
        RunAsync(
            (client, _, time) => client.CommitBlockListAsync([.. Enumerable.Range(0, plan.Count).Select(index => _ids[index])], new CommitBlockListOptions { HttpHeaders = Headers(md5: null) }, time),
            cancellationToken);

    // Azure forgets blocks without a blob after a week, and the next upload may use them.
    public Task AbandonAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static BlobHttpHeaders Headers(byte[]? md5) => new() { ContentType = "application/octet-stream", ContentHash = md5 };

    private Task<T> RunAsync<T>(Func<BlockBlobClient, Action, CancellationToken, Task<Response<T>>> attempt, CancellationToken cancellationToken) =>
        requests.RunAsync(
            async (moved, time) =>
            {
                BlockBlobClient used = Volatile.Read(ref _blob);
                try
                {
                    return (await attempt(used, moved, time).ConfigureAwait(false)).Value;
                }
                catch (RequestFailedException e) when (e.Status is 401 or 403 && renew is not null)
                {
                    return (await attempt(await RenewAsync(used, time).ConfigureAwait(false), moved, time).ConfigureAwait(false)).Value;
                }
            },
            cancellationToken);

    // Several parts meet the end of a signature together: one of them fetches the next.
    private async Task<BlockBlobClient> RenewAsync(BlockBlobClient refused, CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (ReferenceEquals(_blob, refused))
                Volatile.Write(ref _blob, await renew!(cancellationToken).ConfigureAwait(false));
            return _blob;
        }
        finally
        {
            _renewing.Release();
        }
    }

    private string Remember(Part part)
    {
        lock (_ids)
        {
            if (_ids.TryGetValue(part.Index, out string? known))
                return known;
        }

        using var sha256 = SHA256.Create();
        byte[] hash = sha256.ComputeHash(part.Buffer, 0, part.Length);
        byte[] place = [(byte)(part.Index >> 24), (byte)(part.Index >> 16), (byte)(part.Index >> 8), (byte)part.Index];
        string id = Convert.ToBase64String([.. place, .. hash.Take(HashBytes)]);
        lock (_ids)
            return _ids[part.Index] = id;
    }
}
