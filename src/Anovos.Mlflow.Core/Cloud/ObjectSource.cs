using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>An object in a bucket, with the content that it had when it was listed.</summary>
/// <param name="bucket">The bucket.</param>
/// <param name="key">The object's key.</param>
/// <param name="uri">The object's URI.</param>
/// <param name="length">The length in bytes.</param>
/// <param name="etag">The ETag of that content; null if it is not known.</param>
internal sealed class ObjectSource(IBucket bucket, string key, string uri, long length, string? etag) : ArtifactSource
{
    public IBucket Bucket => bucket;

    public string Key => key;

    public override string Location => uri;

    public override long Length => length;

    internal override FileState State { get; } = new(length, 0) { ETag = etag };

    internal override Task<Stream> OpenAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Stream>(new BucketStream(bucket, key, etag, length));
}
