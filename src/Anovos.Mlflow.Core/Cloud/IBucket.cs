namespace Anovos.Mlflow.Cloud;

/// <summary>An object in a bucket, or a folder in a listing.</summary>
/// <param name="Key">Its full name in the bucket; that of a folder ends with a slash.</param>
/// <param name="IsFolder">Whether it represents all objects whose keys begin with it.</param>
/// <param name="Length">The length in bytes.</param>
/// <param name="ETag">The ETag that the store gives this content.</param>
internal sealed record BucketObject(string Key, bool IsFolder, long Length, string? ETag)
{
    /// <summary>When it was written; null if the listing does not report it.</summary>
    public DateTime? WrittenUtc { get; init; }

    /// <summary>The MD5 of the bytes in hex digits, if the store has one.</summary>
    public string? Md5 { get; init; }
}

/// <summary>A bucket of S3 or Google Cloud Storage, or a container of Azure's blobs: a flat set of objects with keys.</summary>
internal interface IBucket : IDisposable
{
    /// <summary>Its URI without a slash at the end, such as <c>s3://bucket</c>.</summary>
    string Uri { get; }

    /// <summary>Sends requests to it.</summary>
    CloudRequests Requests { get; }

    /// <summary>Lists the objects whose keys begin with a prefix: all, or those up to the next slash and folders for the rest.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.BucketNotFound"/>; or the store denied it or is unreachable.</exception>
    Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken);

    /// <summary>Sends one request for an object's bytes from an offset. It is not retried, and throws the SDK's own exceptions.</summary>
    /// <param name="key">The object's key.</param>
    /// <param name="etag">The ETag that it must still have; null for any.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="end">The byte after the last; null for the end of the object.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken);

    /// <summary>Finds an object. Returns null if there is none.</summary>
    Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>Removes an object. Succeeds if there is none.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>Returns an upload of an object, in parts.</summary>
    IMultipartUpload Upload(string key);

    /// <summary>Returns a server-side copy of an object to this bucket; null if the bytes must pass through this machine.</summary>
    IMultipartCopy? Copy(ObjectSource source, string key);
}
