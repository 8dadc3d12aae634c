using Amazon.S3;
using Amazon.S3.Model;

namespace Anovos.Mlflow.Cloud;

/// <summary>An object in S3 to copy, and the ETag that it must still have.</summary>
internal sealed class S3CopySource(IAmazonS3 client, string bucket, string key, string etag, S3Settings settings, CloudRequests requests)
{
    public string Bucket => bucket;

    public string Key => key;

    public string ETag => etag;

    /// <summary>Checks that it was not replaced.</summary>
    /// <exception cref="MlflowException">It was replaced or removed.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var request = new GetObjectMetadataRequest { BucketName = bucket, Key = key, ExpectedBucketOwner = settings.ExpectedOwner };
        GetObjectMetadataResponse now = await requests.RunAsync((_, time) => client.GetObjectMetadataAsync(request, time), cancellationToken).ConfigureAwait(false);
        if (now.ETag?.Trim('"') != etag.Trim('"'))
            throw S3Errors.Replaced($"s3://{bucket}", key);
    }
}
