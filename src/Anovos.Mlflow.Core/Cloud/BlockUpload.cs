using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Uploads a block blob. A block's id is its index and the hash of its bytes, so that an interrupted upload can resume with the stored
/// blocks, from any machine.
/// </summary>
/// <param name="blob">The blob, with its credentials.</param>
/// <param name="requests">Sends requests, with retries.</param>
internal sealed class BlockUpload(BlockBlobClient blob, CloudRequests requests) : IMultipartUpload
{
    private const int HashBytes = 20;

    private readonly Dictionary<string, long> _there = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _ids = [];

    public int MaxParts => 50_000;

    public bool IsSequential => false;

    public Task PutAsync(Part whole, CancellationToken cancellationToken)
    {
        byte[] md5 = whole.Md5();
        return RunAsync(
            (moved, time) => blob.UploadAsync(whole.Open(moved), new BlobUploadOptions { HttpHeaders = Headers(md5) }, time),
            cancellationToken);
    }

    public async Task CreateAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            BlockList blocks = await RunAsync((_, time) => blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: time), cancellationToken).ConfigureAwait(false);
            foreach (BlobBlock block in blocks.UncommittedBlocks)
                _there[block.Name] = block.SizeLong;
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.ArtifactNotFound or ErrorKind.PermissionDenied or ErrorKind.AuthenticationFailed)
        {
            // There are no blocks, or the credentials permit only writing. Send all blocks.
        }
    }

    public bool Has(Part part)
    {
        string id = Remember(part);
        return _there.TryGetValue(id, out long length) && length == part.Length;
    }

    public Task UploadPartAsync(Part part, CancellationToken cancellationToken)
    {
        string id = Remember(part);
        byte[] md5 = part.Md5();
        return RunAsync(
            (moved, time) => blob.StageBlockAsync(id, part.Open(moved), new BlockBlobStageBlockOptions { TransferValidation = new() { ChecksumAlgorithm = Azure.Storage.StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = md5 } }, time),
            cancellationToken);
    }

    public Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken) =>
        RunAsync(
            (_, time) => blob.CommitBlockListAsync([.. Enumerable.Range(0, plan.Count).Select(index => _ids[index])], new CommitBlockListOptions { HttpHeaders = Headers(md5: null) }, time),
            cancellationToken);

    // Azure discards blocks without a blob after a week, and the next upload may use them.
    public Task AbortAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Returns a block's id: its index and a hash. All block ids of a blob must have the same length, also those of earlier uploads.</summary>
    public static string IdOf(int index, byte[] hash)
    {
        byte[] place = [(byte)(index >> 24), (byte)(index >> 16), (byte)(index >> 8), (byte)index];
        return Convert.ToBase64String([.. place, .. hash.Take(HashBytes)]);
    }

    /// <summary>Returns the HTTP headers of every artifact.</summary>
    public static BlobHttpHeaders Headers(byte[]? md5) => new() { ContentType = "application/octet-stream", ContentHash = md5 };

    private Task<T> RunAsync<T>(Func<Action, CancellationToken, Task<Response<T>>> attempt, CancellationToken cancellationToken) =>
        requests.RunAsync(async (moved, time) => (await attempt(moved, time).ConfigureAwait(false)).Value, cancellationToken);

    private string Remember(Part part)
    {
        lock (_ids)
        {
            if (_ids.TryGetValue(part.Index, out string? known))
                return known;
        }

        using var sha256 = SHA256.Create();
        byte[] hash = sha256.ComputeHash(part.Buffer, 0, part.Length);
        string id = IdOf(part.Index, hash);
        lock (_ids)
            return _ids[part.Index] = id;
    }
}
