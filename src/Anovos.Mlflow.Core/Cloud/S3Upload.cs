using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Uploads an object to S3. An interrupted multipart upload is resumed if the store lists it and the checksums of its parts are those of
/// the file.
/// </summary>
internal sealed class S3Upload(IAmazonS3 client, string bucket, string key, S3Settings settings, CloudRequests requests) : IMultipartUpload
{
    private readonly ConcurrentDictionary<int, string> _sent = new();
    private readonly Dictionary<int, PartDetail> _there = [];
    private string? _uploadId;

    public int MaxParts => 10_000;

    public bool IsSequential => false;

    public Task PutAsync(Part whole, CancellationToken cancellationToken)
    {
        string md5 = Convert.ToBase64String(whole.Md5());
        return requests.RunAsync(
            (moved, time) =>
            {
                var request = new PutObjectRequest
                {
                    BucketName = bucket,
                    Key = key,
                    InputStream = whole.Open(moved),
                    MD5Digest = md5,
                    UseChunkEncoding = false,
                    ExpectedBucketOwner = settings.ExpectedOwner,
                    ContentType = settings.ExtraOf("ContentType") ?? "application/octet-stream",
                    ServerSideEncryptionMethod = settings.ExtraOf("ServerSideEncryption"),
                    ServerSideEncryptionKeyManagementServiceKeyId = settings.ExtraOf("SSEKMSKeyId"),
                    StorageClass = settings.ExtraOf("StorageClass"),
                    CannedACL = settings.ExtraOf("ACL"),
                };
                return client.PutObjectAsync(request, time);
            },
            cancellationToken);
    }

    public async Task CreateAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken).ConfigureAwait(false) is { } begun)
        {
            _uploadId = begun;
            return;
        }

        await InitiateAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts a new upload.</summary>
    public async Task InitiateAsync(CancellationToken cancellationToken)
    {
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = bucket,
            Key = key,
            ExpectedBucketOwner = settings.ExpectedOwner,
            ContentType = settings.ExtraOf("ContentType") ?? "application/octet-stream",
            ServerSideEncryptionMethod = settings.ExtraOf("ServerSideEncryption"),
            ServerSideEncryptionKeyManagementServiceKeyId = settings.ExtraOf("SSEKMSKeyId"),
            StorageClass = settings.ExtraOf("StorageClass"),
            CannedACL = settings.ExtraOf("ACL"),
        };
        _uploadId = (await requests.RunAsync((_, time) => client.InitiateMultipartUploadAsync(request, time), cancellationToken).ConfigureAwait(false)).UploadId;
    }

    public bool Has(Part part)
    {
        if (!_there.TryGetValue(part.Index, out PartDetail? there) || there.Size != part.Length || there.ETag?.Trim('"') != Hex.Of(part.Md5()))
            return false;
        _sent[part.Index] = there.ETag;
        return true;
    }

    public async Task UploadPartAsync(Part part, CancellationToken cancellationToken)
    {
        string md5 = Convert.ToBase64String(part.Md5());
        UploadPartResponse response = await requests.RunAsync(
            (moved, time) => client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = key,
                    UploadId = _uploadId,
                    PartNumber = part.Index + 1,
                    PartSize = part.Length,
                    InputStream = part.Open(moved),
                    MD5Digest = md5,
                    UseChunkEncoding = false,
                    ExpectedBucketOwner = settings.ExpectedOwner,
                },
                time),
            cancellationToken).ConfigureAwait(false);
        _sent[part.Index] = response.ETag;
    }

    /// <summary>Copies a part from another object, or from a range of it, which the request names.</summary>
    public async Task CopyPartAsync(int index, CopyPartRequest request, CancellationToken cancellationToken)
    {
        (request.DestinationBucket, request.DestinationKey, request.UploadId, request.PartNumber, request.ExpectedBucketOwner) = (bucket, key, _uploadId, index + 1, settings.ExpectedOwner);
        _sent[index] = await requests.RunAsync(async (_, time) => (await client.CopyPartAsync(request, time).ConfigureAwait(false)).ETag ?? throw S3Errors.NotCopied(bucket), cancellationToken).ConfigureAwait(false);
    }

    public Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        bool tried = false;
        var request = new CompleteMultipartUploadRequest
        {
            BucketName = bucket,
            Key = key,
            UploadId = _uploadId,
            PartETags = [.. _sent.OrderBy(part => part.Key).Select(part => new PartETag(part.Key + 1, part.Value))],
            ExpectedBucketOwner = settings.ExpectedOwner,
        };
        return requests.RunAsync(
            async (_, time) =>
            {
                try
                {
                    await client.CompleteMultipartUploadAsync(request, time).ConfigureAwait(false);
                }
                catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchUpload" && tried)
                {
                    // The first attempt completed it, and only the response was lost.
                    var question = new GetObjectMetadataRequest { BucketName = bucket, Key = key, ExpectedBucketOwner = settings.ExpectedOwner };
                    if ((await client.GetObjectMetadataAsync(question, time).ConfigureAwait(false)).ContentLength != plan.Length)
                        throw;
                }
                finally
                {
                    tried = true;
                }

                return true;
            },
            cancellationToken);
    }

    public async Task AbortAsync(CancellationToken cancellationToken)
    {
        try
        {
            var request = new AbortMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _uploadId, ExpectedBucketOwner = settings.ExpectedOwner };
            await requests.RunAsync((_, time) => client.AbortMultipartUploadAsync(request, time), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            // The error that led here is the one to report, and the bucket's lifecycle rules remove the parts.
        }
    }

    // The credentials may permit writing but not listing, and not every store can list uploads. Then a new upload starts.
    private async Task<string?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var uploads = new ListMultipartUploadsRequest { BucketName = bucket, Prefix = key, ExpectedBucketOwner = settings.ExpectedOwner };
            ListMultipartUploadsResponse found = await requests.RunAsync((_, time) => client.ListMultipartUploadsAsync(uploads, time), cancellationToken).ConfigureAwait(false);
            string? newest = (found.MultipartUploads ?? []).Where(upload => upload.Key == key).OrderBy(upload => upload.Initiated).LastOrDefault()?.UploadId;
            for (int? marker = null; newest is not null;)
            {
                var parts = new ListPartsRequest { BucketName = bucket, Key = key, UploadId = newest, PartNumberMarker = marker?.ToString(System.Globalization.CultureInfo.InvariantCulture), ExpectedBucketOwner = settings.ExpectedOwner };
                ListPartsResponse page = await requests.RunAsync((_, time) => client.ListPartsAsync(parts, time), cancellationToken).ConfigureAwait(false);
                foreach (PartDetail part in page.Parts ?? [])
                    _there[part.PartNumber!.Value - 1] = part;
                if (page.IsTruncated != true)
                    break;
                marker = page.NextPartNumberMarker;
            }

            return newest;
        }
        catch (MlflowException e) when (e.MayBeSkipped())
        {
            _there.Clear();
            return null;
        }
    }
}
