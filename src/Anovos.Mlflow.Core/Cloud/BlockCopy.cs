using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace Anovos.Mlflow.Cloud;

/// <summary>Copies a block blob. Azure reads the blocks from the source blob.</summary>
/// <param name="blob">The blob, with its credentials.</param>
/// <param name="source">Returns the address of the source blob, with a signature to read it.</param>
/// <param name="etag">The ETag that the source blob must still have.</param>
/// <param name="requests">Sends requests, with retries.</param>
internal sealed class BlockCopy(BlockBlobClient blob, Func<Uri> source, string etag, CloudRequests requests) : IMultipartCopy
{
    public int MaxParts => 50_000;

    public Task CreateAsync(PartPlan plan, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task CopyPartAsync(PartPlan plan, int index, CancellationToken cancellationToken)
    {
        var options = new StageBlockFromUriOptions
        {
            SourceRange = new HttpRange(plan.OffsetOf(index), plan.LengthOf(index)),
            SourceConditions = new RequestConditions { IfMatch = new ETag(etag) },
        };
        return requests.RunAsync((_, time) => blob.StageBlockFromUriAsync(source(), IdOf(index), options, time), cancellationToken);
    }

    public Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken) =>
        requests.RunAsync(
            (_, time) => blob.CommitBlockListAsync([.. Enumerable.Range(0, plan.Count).Select(IdOf)], new CommitBlockListOptions { HttpHeaders = BlockUpload.Headers(md5: null) }, time),
            cancellationToken);

    // Azure discards blocks without a blob after a week.
    public Task AbortAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string IdOf(int index)
    {
        using var sha256 = SHA256.Create();
        return BlockUpload.IdOf(index, sha256.ComputeHash(Encoding.UTF8.GetBytes(etag)));
    }
}
