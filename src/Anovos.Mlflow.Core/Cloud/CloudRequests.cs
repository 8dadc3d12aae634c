using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Sends the requests of a cloud's SDK like all others: they are retried by the same policy, with its verbose messages, and time out
/// when no bytes move. The SDKs' own retries are off.
/// </summary>
/// <param name="options">The timeouts and size limits.</param>
/// <param name="retrier">Retries transient errors.</param>
/// <param name="explain">Converts an exception of the SDK to this client's error.</param>
internal sealed class CloudRequests(ConnectionOptions options, Retrier retrier, Func<Exception, MlflowException> explain)
{
    /// <summary>The timeouts and size limits.</summary>
    public ConnectionOptions Options => options;

    /// <inheritdoc cref="ISharesConcurrency.Concurrency"/>
    public AdaptiveConcurrency Concurrency => retrier.Concurrency;

    /// <summary>Runs a request, which reports when bytes moved.</summary>
    /// <exception cref="MlflowException">It failed with a permanent error, or too often.</exception>
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
                    // An SDK may report a cancellation as another exception.
                    cancellationToken.ThrowIfCancellationRequested();
                    throw Explain(idle.IsCancellationRequested ? new TimeoutException("", e) : e);
                }
            },
            cancellationToken);

    /// <summary>Converts an exception of an SDK or a connection to this client's error.</summary>
    public MlflowException Explain(Exception e) => options.Redactor.Clean(e as MlflowException ?? explain(e));

    /// <summary>Transfers a whole file, with any number of requests, within the time limit per file.</summary>
    public Task<T> TransferAsync<T>(string artifactPath, ErrorKind failed, Func<CancellationToken, Task<T>> transfer, CancellationToken cancellationToken) =>
        FileTransfer.WithinLimitAsync(options, artifactPath, failed, transfer, cancellationToken);

    /// <summary>Copies a response body to its end.</summary>
    public async Task CopyAsync(Stream response, Stream target, Action<long> copied, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 17];
        while (true)
        {
            int read;
            try
            {
                read = await response.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Errors of the target are not caught here, because they are not transient.
                throw Explain(e);
            }

            if (read == 0)
                return;
            await target.WriteAsync(buffer, 0, read, cancellationToken).ConfigureAwait(false);
            copied(read);
        }
    }
}
