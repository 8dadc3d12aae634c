using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.Outputs;

/// <summary>Reads outputs from where they are: files of this machine, and objects in buckets, whose connections it holds.</summary>
public sealed class BucketSources(BucketAccess access) : IDisposable
{
    private readonly Dictionary<string, IBucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>The bytes of an output's file. Nothing is read yet.</summary>
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

    /// <summary>The bucket of a URI, once for all of its URIs, and the key.</summary>
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
