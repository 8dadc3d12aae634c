using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Stores;

/// <summary>
/// The artifacts of a server's run in a bucket: with the user's own credentials if there are any, otherwise with URLs that the server
/// signs.
/// </summary>
/// <param name="api">The server.</param>
/// <param name="root">The artifact root.</param>
/// <param name="hasCredentials">Whether the environment or a profile provides credentials for the bucket.</param>
/// <param name="openOwn">Opens the bucket with the user's own credentials; throws for an unsupported kind of bucket.</param>
/// <param name="signed">Opens the bucket with URLs that the server signs; disposed with this store.</param>
/// <param name="warn">Called when the user's own credentials are rejected and the server's URLs are used.</param>
internal sealed class BucketRunStore(
    RestApi api, string root, bool hasCredentials, Func<IArtifactStore> openOwn, PresignedArtifactStore signed, Action<string> warn)
    : IArtifactStore, ISharesConcurrency, IPrefetchesCredentials, IRangedReader, IObjectStore
{
    private readonly Lazy<IArtifactStore> _own = new(openOwn);

    private readonly Signing _uploads = new(), _reads = new();
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
        return RunAsync(_uploads, SendToAsync, cancellationToken);

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
            _reads,
            async store =>
            {
                await store.ReceiveAsync(artifactPath, target, received, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public Task<RangeSource?> FindRangesAsync(string artifactPath, long length, CancellationToken cancellationToken) =>
        RunAsync(_reads, store => ((IRangedReader)store).FindRangesAsync(artifactPath, length, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        RunAsync(_reads, store => store.ListAsync(artifactPath, cancellationToken), cancellationToken);

    // A server does not sign URLs that remove files.
    public async Task DeleteAsync(string artifactPath, CancellationToken cancellationToken)
    {
        bool isOwn = Use != PresignedUse.Always
            && (hasCredentials || !await SignsAsync(_reads, cancellationToken).ConfigureAwait(false));
        await (isOwn ? _own.Value : signed).DeleteAsync(artifactPath, cancellationToken).ConfigureAwait(false);
    }

    public ArtifactSource? TryGetSource(string artifactPath, long length) => Use == PresignedUse.Always || _isRefused || !hasCredentials
        ? null
        : (_own.Value as IObjectStore)?.TryGetSource(artifactPath, length);

    public void Dispose()
    {
        signed.Dispose();
        if (_own.IsValueCreated)
            _own.Value.Dispose();
    }

    private async Task<T> RunAsync<T>(Signing signing, Func<IArtifactStore, Task<T>> work, CancellationToken cancellationToken)
    {
        if (Use == PresignedUse.Always)
            return await work(signed).ConfigureAwait(false);
        if (_isRefused || (!hasCredentials && await SignsAsync(signing, cancellationToken).ConfigureAwait(false)))
        {
            try
            {
                return await work(signed).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
            {
                signing.Refusal = e;
            }
        }

        try
        {
            return await work(_own.Value).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.StatusCode == 403 || e.Kind == ErrorKind.AuthenticationFailed
            || (!hasCredentials && e.Kind == ErrorKind.UriUnsupported))
        {
            return await WithoutOwnAsync(signing, work, e, cancellationToken).ConfigureAwait(false);
        }
    }

    // The user's own credentials do not work.
    private async Task<T> WithoutOwnAsync<T>(
        Signing signing, Func<IArtifactStore, Task<T>> work, MlflowException refusal, CancellationToken cancellationToken)
    {
        if (!await SignsAsync(signing, cancellationToken).ConfigureAwait(false))
            throw Neither(signing, refusal);
        T result;
        try
        {
            result = await work(signed).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
        {
            signing.Refusal = e;
            throw Neither(signing, refusal);
        }

        _isRefused = true;
        if (Interlocked.Exchange(ref _warned, 1) == 0)
        {
            string warning = $"{refusal.Message} URLs that the server at {api.Server.Host} signs for the bucket are used instead.";
            if (api.Direct.IsNew(warning))
                warn(warning);
        }

        return result;
    }

    private async Task<bool> SignsAsync(Signing signing, CancellationToken cancellationToken) => Use != PresignedUse.Never
        && signing.Refusal is null
        && await api.Capabilities.GetAsync(cancellationToken).ConfigureAwait(false) is { SignsUrls: true };

    private MlflowException Neither(Signing signing, MlflowException refusal)
    {
        string why = Use == PresignedUse.Never ? "ANOVOS_MLFLOW_PRESIGNED is set to never"
            : signing.Refusal is { } unsigned ? unsigned.Message.TrimEnd('.')
            : "it does not report that it signs URLs for buckets, as MLflow 3.15 and later do";
        if (refusal.Kind == ErrorKind.UriUnsupported)
            return refusal.Rewrap(
                $"{refusal.Message} URLs that the server at {api.Server.Host} signs do not work either: {why}.");
        return refusal.Rewrap(
            $"The artifacts are in {root}, and neither way to access them works. With your own credentials: {refusal.Message} "
            + $"With URLs that the server at {api.Server.Host} signs: {why}.");
    }

    // A server may sign downloads from a bucket but not uploads.
    private sealed class Signing
    {
        private volatile MlflowException? _refusal;

        /// <summary>Why the server does not sign URLs; null until it has reported it.</summary>
        public MlflowException? Refusal
        {
            get => _refusal;
            set => _refusal = value;
        }
    }
}
