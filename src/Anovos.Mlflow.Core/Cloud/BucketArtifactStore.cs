using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>Artifacts under a prefix of a bucket.</summary>
/// <param name="bucket">The bucket; disposed with this store.</param>
/// <param name="prefix">The prefix, without a slash at either end; empty for the whole bucket.</param>
/// <param name="copiedPartLength">The part size of a server-side copy.</param>
internal sealed class BucketArtifactStore(IBucket bucket, string prefix, int copiedPartLength = PartPlan.CopiedPartLength)
    : IArtifactStore, ISharesConcurrency, IRangedReader, IObjectStore
{
    private readonly PartBuffers _buffers = new();
    private readonly ConcurrentDictionary<string, byte> _refused = new(StringComparer.Ordinal);

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => bucket.Requests.Concurrency;

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        bucket.Requests.TransferAsync(
            artifactPath,
            ErrorKind.ArtifactSendFailed,
            async time => await TryCopyAsync(source, artifactPath, sent, time).ConfigureAwait(false) ? null : await StreamAsync(source, artifactPath, sent, time).ConfigureAwait(false),
            cancellationToken);

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string key = KeyOf(artifactPath);
        long before = 0;
        return bucket.Requests.TransferAsync(artifactPath, ErrorKind.ArtifactReceiveFailed, time => bucket.Requests.RunAsync(AttemptAsync, time), cancellationToken);

        async Task<bool> AttemptAsync(Action moved, CancellationToken time)
        {
            // Take the bytes of the failed attempt back.
            received(-before);
            before = 0;
            target.SetLength(0);
            using Stream response = await bucket.OpenAsync(key, etag: null, offset: 0, end: null, time).ConfigureAwait(false);
            await bucket.Requests.CopyAsync(
                response,
                target,
                bytes =>
                {
                    moved();
                    before += bytes;
                    received(bytes);
                },
                time).ConfigureAwait(false);
            return true;
        }
    }

    public async Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken)
    {
        if (length < bucket.Requests.Options.Multipart.RangedFileBytes)
            return null;
        string key = KeyOf(artifactPath);
        return await bucket.FindAsync(key, cancellationToken).ConfigureAwait(false) is { ETag: { } etag } found && found.Length == length
            ? new BucketRanges(bucket, key, length, etag)
            : null;
    }

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string folder = KeyOf(artifactPath) is { Length: > 0 } key ? key + "/" : "";
        IEnumerable<Artifact> entries = from entry in await bucket.ListAsync(folder, recursive: false, cancellationToken).ConfigureAwait(false)
                                        let name = entry.Key.Substring(folder.Length)

                                        // Skip the folder's own marker, which web consoles create.
                                        where name.Trim('/').Length > 0
                                        select new Artifact(ArtifactPath.Join(ArtifactPath.Normalize(artifactPath), entry.IsFolder ? name.TrimEnd('/') : name), entry.IsFolder, entry.IsFolder ? null : entry.Length);
        return [.. entries.OrderBy(entry => entry.ArtifactPath, StringComparer.Ordinal)];
    }

    public async Task DeleteAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string key = KeyOf(ArtifactPath.OfRemoval(artifactPath));
        IReadOnlyList<BucketObject> below = await bucket.ListAsync(key + "/", recursive: true, cancellationToken).ConfigureAwait(false);
        await ParallelWork.RunAsync([.. below.Select(entry => entry.Key)], ParallelWork.DefaultParallelism, bucket.DeleteAsync, cancellationToken).ConfigureAwait(false);
        await bucket.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
    }

    public ArtifactSource? TryGetSource(string artifactPath, long length) =>
        new ObjectSource(bucket, KeyOf(artifactPath), $"{bucket.Uri}/{KeyOf(artifactPath)}", length, etag: null);

    public void Dispose() => bucket.Dispose();

    private async Task<ArtifactContent> StreamAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        long counted = 0;
        try
        {
            return await SendAsync().ConfigureAwait(false);
        }
        catch (UploadLostException)
        {
            sent(-counted);
            try
            {
                return await SendAsync().ConfigureAwait(false);
            }
            catch (UploadLostException e)
            {
                throw new MlflowException(ErrorKind.ArtifactSendFailed, $"{e.Message} Send it again.", e) { Target = artifactPath };
            }
        }

        Task<ArtifactContent> SendAsync() =>
            new MultipartSender(source, bucket.Upload(KeyOf(artifactPath)), _buffers).RunAsync(Count, cancellationToken);

        void Count(long bytes)
        {
            Interlocked.Add(ref counted, bytes);
            sent(bytes);
        }
    }

    // Tries a server-side copy. Returns false if the bytes must be streamed.
    private async Task<bool> TryCopyAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        if (source is not ObjectSource { Length: > 0 } there || _refused.ContainsKey(there.Bucket.Uri) || bucket.Copy(there, KeyOf(artifactPath)) is not { } copy)
            return false;
        long copied = 0;
        try
        {
            await MultipartCopier.RunAsync(copy, PartPlan.Of(source.Length, copy.MaxParts, copiedPartLength), Copied, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (MlflowException e) when (e is not { Kind: ErrorKind.TrackingServerUnreachable, InnerException: not TimeoutException })
        {
            // The server-side copy failed. Fall back to streaming; if the cause is more general, streaming will report it.
            if (e.Kind is not (ErrorKind.ArtifactSendFailed or ErrorKind.ArtifactNotFound))
                _refused.TryAdd(there.Bucket.Uri, 0);
            sent(-copied);
            return false;
        }

        void Copied(long bytes)
        {
            Interlocked.Add(ref copied, bytes);
            sent(bytes);
        }
    }

    private string KeyOf(string artifactPath) => ArtifactPath.Join(prefix, ArtifactPath.Normalize(artifactPath));
}
