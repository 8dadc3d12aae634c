using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>An object in a bucket, with the content that it had when it was listed.</summary>
/// <param name="bucket">Where it is.</param>
/// <param name="key">Its full name there.</param>
/// <param name="uri">The same as a URI.</param>
/// <param name="length">Bytes.</param>
/// <param name="etag">What the bucket called this very content; null where it did not say.</param>
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
