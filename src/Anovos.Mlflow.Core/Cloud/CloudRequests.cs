using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Sends the requests of a cloud's SDK as all others are sent: repeated by the policy, with its verbose lines, and given up
/// when nothing moves. The SDKs' own retries are off.
/// </summary>
/// <param name="options">The limits in time.</param>
/// <param name="retrier">Repeats.</param>
/// <param name="explain">Puts what the SDK threw into this client's words.</param>
internal sealed class CloudRequests(ConnectionOptions options, Retrier retrier, Func<Exception, MlflowException> explain)
{
    /// <summary>The limits in time and size.</summary>
    public ConnectionOptions Options => options;

    /// <inheritdoc cref="ISharesConcurrency.Concurrency"/>
    public AdaptiveConcurrency Concurrency => retrier.Concurrency;

    /// <summary>Runs a request; it says when something moved.</summary>
    /// <exception cref="MlflowException">It failed for good, or too often.</exception>
    public Task<T> RunAsync<T>(Func<Action, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken) =>
        retrier.RunAsync(
            async _ =>
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                idle.CancelAfter(options.RequestTimeout);
                try
                {
                    return await attempt(() => idle.CancelAfter(options.RequestTimeout), idle.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not (MlflowException or UploadLostException or IOException or UnauthorizedAccessException))
                {
                    // An SDK may call it by another name.
                    cancellationToken.ThrowIfCancellationRequested();
                    throw Explain(idle.IsCancellationRequested ? new TimeoutException("", e) : e);
                }
            },
            cancellationToken);

    /// <summary>Puts what an SDK or a connection threw into this client's words.</summary>
    public MlflowException Explain(Exception e) => options.Redactor.Clean(e as MlflowException ?? explain(e));

    /// <summary>Moves a whole file, in as many requests as it takes, within the time that one may take.</summary>
    public Task<T> TransferAsync<T>(string artifactPath, ErrorKind failed, Func<CancellationToken, Task<T>> transfer, CancellationToken cancellationToken) =>
        FileTransfer.WithinLimitAsync(options, artifactPath, failed, transfer, cancellationToken);

    /// <summary>Copies an answer to its end.</summary>
    public async Task CopyAsync(Stream answer, Stream target, Action<long> copied, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 17];
        while (true)
        {
            int read;
            try
            {
                read = await answer.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // A failure to write the target is not for here: it would not pass.
                throw Explain(e);
            }

            if (read == 0)
                return;
            await target.WriteAsync(buffer, 0, read, cancellationToken).ConfigureAwait(false);
            copied(read);
        }
    }
}
