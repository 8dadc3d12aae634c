using System.Text;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Moves the bytes of files over HTTP, as often and for as long as the options say.</summary>
internal sealed class FileTransfer(ConnectionOptions options, Retrier retrier)
{
    /// <summary>Ends the work on one file when it takes longer than a file may.</summary>
    public async Task<T> WithinLimitAsync<T>(string path, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (options.TransferTimeout is { } limit)
            whole.CancelAfter(limit);
        try
        {
            return await work(whole.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or MlflowException && whole.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MlflowException(ErrorKind.ArtifactSendFailed, $"It took longer than the {options.TransferTimeout?.TotalSeconds} seconds that MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT allows a file.", e) { Target = path };
        }
    }

    /// <summary>Moves a file or a part of one. A large one may take hours, as long as something moves.</summary>
    public Task<T> RunAsync<T>(Uri server, Action<long> moved, Func<Action<long>, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        long movedBefore = 0;
        return retrier.RunAsync(
            async _ =>
            {
                // What an attempt moved that failed does not count.
                moved(-movedBefore);
                movedBefore = 0;
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                idle.CancelAfter(options.RequestTimeout);
                try
                {
                    return await attempt(Moved, idle.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
                {
                    throw ConnectionErrors.From(e, server, timedOut: true);
                }

                void Moved(long bytes)
                {
                    idle.CancelAfter(options.RequestTimeout);
                    movedBefore += bytes;
                    moved(bytes);
                }
            },
            cancellationToken);
    }

    /// <summary>Sends a request once; its answer is a success, with its body still to come.</summary>
    /// <param name="http">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="server">Whom errors name: the address of the request may hold a signature.</param>
    /// <param name="time">Ends it because it took too long.</param>
    /// <param name="stop">Ends it because nobody wants it any more.</param>
    /// <param name="identity">Who knows what to do when the request is not allowed.</param>
    public static async Task<HttpResponseMessage> ExecuteAsync(HttpClient http, HttpRequestMessage request, Uri server, CancellationToken time, CancellationToken stop, IRequestIdentity? identity = null)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, time).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            byte[] bytes = await AnswerBody.ReadAsync(response, server, time).ConfigureAwait(false);
            if (AnswerBody.IsCutShort(bytes, isSuccess: false))
                throw ServerErrors.CutShort(server);
            string body = Encoding.UTF8.GetString(bytes);
            if (ArtifactAnswers.IsMissing(response, body))
                throw new MlflowException(ErrorKind.ArtifactNotFound, "The run has no such artifact.") { StatusCode = (int)response.StatusCode };
            response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), server, ErrorKind.ArtifactNotFound, identity?.AdviceOn((int)response.StatusCode, request.RequestUri!.AbsolutePath, request.Method == HttpMethod.Get));
        }
        catch (Exception e)
        {
            response?.Dispose();
            if (stop.IsCancellationRequested || e is MlflowException)
                throw;
            throw (e as FileReadException ?? e.InnerException as FileReadException)?.InnerException
                ?? ConnectionErrors.From(e, server, timedOut: time.IsCancellationRequested);
        }
    }
}
