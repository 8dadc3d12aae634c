using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.Outputs;

/// <summary>Opens outputs: files on this machine, and objects in buckets. It owns the connections to the buckets.</summary>
public sealed class BucketSources(BucketAccess access) : IDisposable
{
    private readonly Dictionary<string, IBucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>Returns the source of an output's file, without reading it yet.</summary>
    /// <exception cref="MlflowException">The bucket cannot be opened.</exception>
    public ArtifactSource Of(OutputFile file)
    {
        if (!Buckets.Speaks(file.FullPath))
            return new FileSource(new FileInfo(file.FullPath));
        (IBucket bucket, string key) = Open(file.FullPath);
        return new ObjectSource(bucket, key, file.FullPath, file.Length, file.ETag);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IBucket bucket in _buckets.Values)
            bucket.Dispose();
    }

    /// <summary>Returns the bucket and the key of a URI. All URIs of a bucket share one connection.</summary>
    internal (IBucket Bucket, string Key) Open(string uri)
    {
        (string authority, string key) = Buckets.Split(uri);
        lock (_buckets)
        {
            if (!_buckets.TryGetValue(authority, out IBucket? bucket))
                _buckets.Add(authority, bucket = access.Open(authority).Bucket);
            return (bucket, key);
        }
    }
}
