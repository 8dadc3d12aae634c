using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Stores;

/// <summary>
/// The artifacts of a server's run in a bucket: with credentials of one's own if there are any, otherwise with URLs that the server signs.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="root">The artifact root.</param>
/// <param name="hasCredentials">Whether the environment or a profile gives credentials for the bucket.</param>
/// <param name="openOwn">Opens the bucket with credentials of one's own.</param>
/// <param name="signed">The bucket by URLs that the server signs; disposed with this store.</param>
/// <param name="warn">Told when own credentials are refused and the server's URLs are used.</param>
internal sealed class BucketRunStore(
    RestApi api, string root, bool hasCredentials, Func<IArtifactStore> openOwn, PresignedArtifactStore signed, Action<string> warn)
    : IArtifactStore, ISharesConcurrency, IPrefetchesCredentials, IRangedReader, IObjectStore
{
    private readonly Lazy<IArtifactStore> _own = new(openOwn);

    // Why the server signs no URLs of this bucket, once it said so.
    private volatile MlflowException? _unsigned;
    private volatile bool _isRefused;
    private int _warned;

    public bool IsLocal => false;

    public bool TakesControls => false;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    private PresignedUse Use => api.Options.Presigned;

    public void ExpectUploads(IEnumerable<string> artifactPaths) => signed.ExpectUploads(artifactPaths);

    public Task<ArtifactContent?> SendAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        return RunAsync(SendToAsync, cancellationToken);

        async Task<ArtifactContent?> SendToAsync(IArtifactStore store)
        {
            long counted = 0;
            try
            {
                return await store.SendAsync(source, artifactPath, Count, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                sent(-Interlocked.Read(ref counted));
                throw;
            }

            void Count(long bytes)
            {
                Interlocked.Add(ref counted, bytes);
                sent(bytes);
            }
        }
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        RunAsync(
            async store =>
            {
                await store.ReceiveAsync(artifactPath, target, received, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken) =>
        RunAsync(store => ((IRangedReader)store).FindRangesAsync(artifactPath, length, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        RunAsync(store => store.ListAsync(artifactPath, cancellationToken), cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) =>
        RunAsync(
            async store =>
            {
                await store.DeleteAsync(artifactPath, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public ArtifactSource? TryGetSource(string artifactPath, long length) => Use == PresignedUse.Always || _isRefused || !hasCredentials
        ? null
        : (_own.Value as IObjectStore)?.TryGetSource(artifactPath, length);

    public void Dispose()
    {
        signed.Dispose();
        if (_own.IsValueCreated)
            _own.Value.Dispose();
    }

    private async Task<T> RunAsync<T>(Func<IArtifactStore, Task<T>> work, CancellationToken cancellationToken)
    {
        if (Use == PresignedUse.Always)
            return await work(signed).ConfigureAwait(false);
        if (_isRefused || (!hasCredentials && await SignsAsync(cancellationToken).ConfigureAwait(false)))
        {
            try
            {
                return await work(signed).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
            {
                _unsigned = e;
            }
        }

        try
        {
            return await work(_own.Value).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode == 403 || (e.Kind == ErrorKind.AuthenticationFailed && !hasCredentials))
        {
            return await WithoutOwnAsync(work, e, cancellationToken).ConfigureAwait(false);
        }
    }

    // Own credentials do not work.
    private async Task<T> WithoutOwnAsync<T>(
        Func<IArtifactStore, Task<T>> work, MlflowException refusal, CancellationToken cancellationToken)
    {
        if (!await SignsAsync(cancellationToken).ConfigureAwait(false))
            throw Neither(refusal);
        T result;
        try
        {
            result = await work(signed).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
        {
            _unsigned = e;
            throw Neither(refusal);
        }

        _isRefused = true;
        if (Interlocked.Exchange(ref _warned, 1) == 0)
        {
            string warning = $"{refusal.Message} The server at {api.Server.Host} signs URLs of the bucket, which are used instead.";
            if (api.Direct.IsNew(warning))
                warn(warning);
        }

        return result;
    }

    private async Task<bool> SignsAsync(CancellationToken cancellationToken) => Use != PresignedUse.Never && _unsigned is null
        && await api.Capabilities.GetAsync(cancellationToken).ConfigureAwait(false) is { SignsUrls: true };

    private MlflowException Neither(MlflowException refusal)
    {
        string why = Use == PresignedUse.Never ? "ANOVOS_MLFLOW_PRESIGNED is set to never"
            : _unsigned is { } unsigned ? unsigned.Message.TrimEnd('.')
            : "it does not say that it signs URLs of buckets, as MLflow 3.15 and later do";
        return refusal.Rewrap(
            $"The artifacts are in {root}, and neither way leads there. With own credentials: {refusal.Message} "
            + $"With URLs that the server at {api.Server.Host} signs: {why}.");
    }
}
