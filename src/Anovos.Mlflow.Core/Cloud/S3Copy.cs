using Amazon.S3;
using Amazon.S3.Model;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Copies an object within S3. The copy's content type, tags and encryption are those of any artifact, not those of the source, as if
/// it had passed through this machine.
/// </summary>
/// <param name="client">The client of the target bucket.</param>
/// <param name="bucket">The name of the target bucket.</param>
/// <param name="key">The key of the target object.</param>
/// <param name="source">The source object.</param>
/// <param name="settings">The settings of every object.</param>
/// <param name="requests">Sends requests, with retries.</param>
internal sealed class S3Copy(IAmazonS3 client, string bucket, string key, S3CopySource source, S3Settings settings, CloudRequests requests) : IMultipartCopy
{
    private readonly S3Upload _upload = new(client, bucket, key, settings, requests);
    private bool _begun;

    public int MaxParts => _upload.MaxParts;

    public async Task CreateAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        await source.CheckAsync(cancellationToken).ConfigureAwait(false);
        if (plan.Count == 1)
            return;
        await _upload.InitiateAsync(cancellationToken).ConfigureAwait(false);
        _begun = true;
    }

    public Task CopyPartAsync(PartPlan plan, int index, CancellationToken cancellationToken)
    {
        if (plan.Count == 1)
            return CopyWholeAsync(cancellationToken);
        long offset = plan.OffsetOf(index);
        return _upload.CopyPartAsync(
            index,
            new CopyPartRequest
            {
                SourceBucket = source.Bucket,
                SourceKey = source.Key,
                ETagToMatch = [source.ETag],
                FirstByte = offset,
                LastByte = offset + plan.LengthOf(index) - 1,
                ExpectedSourceBucketOwner = settings.ExpectedOwner,
            },
            cancellationToken);
    }

    public async Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        // Not every compatible store checks the condition.
        await source.CheckAsync(cancellationToken).ConfigureAwait(false);
        if (plan.Count > 1)
            await _upload.CompleteAsync(plan, cancellationToken).ConfigureAwait(false);
    }

    public Task AbortAsync(CancellationToken cancellationToken) => _begun ? _upload.AbortAsync(cancellationToken) : Task.CompletedTask;

    private Task CopyWholeAsync(CancellationToken cancellationToken)
    {
        var request = new CopyObjectRequest
        {
            SourceBucket = source.Bucket,
            SourceKey = source.Key,
            ETagToMatch = source.ETag,
            DestinationBucket = bucket,
            DestinationKey = key,
            ExpectedSourceBucketOwner = settings.ExpectedOwner,
            ExpectedBucketOwner = settings.ExpectedOwner,
            MetadataDirective = S3MetadataDirective.REPLACE,
            TaggingDirective = TaggingDirective.REPLACE,
            ContentType = settings.ExtraOf("ContentType") ?? "application/octet-stream",
            ServerSideEncryptionMethod = settings.ExtraOf("ServerSideEncryption"),
            ServerSideEncryptionKeyManagementServiceKeyId = settings.ExtraOf("SSEKMSKeyId"),
            StorageClass = settings.ExtraOf("StorageClass"),
            CannedACL = settings.ExtraOf("ACL"),
        };
        return requests.RunAsync(async (_, time) => (await client.CopyObjectAsync(request, time).ConfigureAwait(false)).ETag ?? throw S3Errors.NotCopied(bucket), cancellationToken);
    }
}
