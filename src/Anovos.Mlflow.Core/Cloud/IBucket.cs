namespace Anovos.Mlflow.Cloud;

/// <summary>An object in a bucket, or a folder as listings show one.</summary>
/// <param name="Key">Its full name in the bucket; that of a folder ends with a slash.</param>
/// <param name="IsFolder">Whether it stands for all that begins with it.</param>
/// <param name="Length">Bytes.</param>
/// <param name="ETag">What the store calls this very content.</param>
internal sealed record BucketObject(string Key, bool IsFolder, long Length, string? ETag)
{
    /// <summary>When it was written; null where a listing does not say.</summary>
    public DateTime? WrittenUtc { get; init; }

    /// <summary>The MD5 of the bytes in hex digits, where the store has one.</summary>
    public string? Md5 { get; init; }
}

/// <summary>A bucket of S3 or Google Cloud Storage, or a container of Azure's blobs: flat, by key.</summary>
internal interface IBucket : IDisposable
{
    /// <summary>Its URI without a slash at the end, as <c>s3://bucket</c>.</summary>
    string Uri { get; }

    /// <summary>How requests go out to it.</summary>
    CloudRequests Requests { get; }

    /// <summary>The objects whose keys begin with a prefix: all of them, or those up to the next slash, and folders for the rest.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.BucketNotFound"/>; or the store refused, or could not be reached.</exception>
    Task<IReadOnlyList<BucketObject>> ListAsync(string prefix, bool recursive, CancellationToken cancellationToken);

    /// <summary>One request for an object's bytes from an offset on; not repeated, and in the SDK's own exceptions.</summary>
    /// <param name="key">Which.</param>
    /// <param name="etag">The content that it must still have; null for any.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="end">The byte after the last; null for the end of the object.</param>
    /// <param name="cancellationToken">Ends the request at once.</param>
    Task<Stream> OpenAsync(string key, string? etag, long offset, long? end, CancellationToken cancellationToken);

    /// <summary>Finds an object; null if there is none.</summary>
    Task<BucketObject?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>Removes an object; one that is not there is removed already.</summary>
    Task DeleteAsync(string key, CancellationToken cancellationToken);

    /// <summary>How an object is written, in parts.</summary>
    IMultipartUpload Upload(string key);

    /// <summary>How the store itself copies an object to here, so that its bytes do not pass this machine; null where it cannot.</summary>
    IMultipartCopy? Copy(ObjectSource source, string key);
}
