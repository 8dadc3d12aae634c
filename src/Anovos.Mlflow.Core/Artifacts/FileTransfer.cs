using System.Text;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Transfers file contents over HTTP, with retries and timeouts.</summary>
/// <param name="options">The timeouts and the identity.</param>
/// <param name="retrier">Retries transient errors.</param>
/// <param name="http">The client.</param>
internal sealed class FileTransfer(ConnectionOptions options, Retrier retrier, HttpClient http)
{
    /// <summary>Cancels the work on one file when it exceeds the time limit per file.</summary>
    public Task<T> WithinLimitAsync<T>(string path, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken) =>
        WithinLimitAsync(options, path, ErrorKind.ArtifactSendFailed, work, cancellationToken);

    /// <inheritdoc cref="WithinLimitAsync{T}(string, Func{CancellationToken, Task{T}}, CancellationToken)"/>
    public static async Task<T> WithinLimitAsync<T>(ConnectionOptions options, string path, ErrorKind failed, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
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
            throw new MlflowException(failed, $"The transfer took longer than the {options.TransferTimeout?.TotalSeconds} seconds that MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT allows per file.", e) { Target = path };
        }
    }

    /// <summary>Transfers a file or a part of one. It may take hours, as long as bytes move.</summary>
    public Task<T> RunAsync<T>(Uri server, Action<long> moved, Func<Action<long>, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        Func<Task<T>> once = Timed(server, moved, attempt, cancellationToken);
        return retrier.RunAsync(_ => once(), cancellationToken);
    }

    /// <summary>Sends a source, or a part of a file, as a request body. Returns the content that was sent and its ETag.</summary>
    /// <param name="server">The address for error messages, because the request's own may contain a signature.</param>
    /// <param name="request">Creates the request for each attempt from the body.</param>
    /// <param name="source">The bytes.</param>
    /// <param name="part">The part of a file; null for the whole file.</param>
    /// <param name="sent">Called with the number of bytes sent since the last call; negative when a failed attempt is taken back.</param>
    /// <param name="cancellationToken">Cancels the transfer.</param>
    /// <param name="readBack">
    /// Creates the request that reads the file back, to check whether it arrived if the response was lost. Null if sending twice does no
    /// harm.
    /// </param>
    public async Task<(ArtifactContent Content, string ETag)> SendAsync(
        Uri server,
        Func<HttpContent, HttpRequestMessage> request,
        ArtifactSource source,
        FilePart? part,
        Action<long> sent,
        CancellationToken cancellationToken,
        Func<HttpRequestMessage>? readBack = null)
    {
        ArtifactContent? whole = null;
        Func<Task<string>> once = Timed(server, sent, AttemptAsync, cancellationToken);
        string etag = "";
        await retrier.ChangeAsync(once, IsDoneAsync, cancellationToken).ConfigureAwait(false);
        return (whole!, etag);

        // A file that was not sent completely cannot have arrived.
        async Task<bool> IsDoneAsync() => whole is not null && readBack is not null
            && await IsStoredAsync(server, readBack, whole, cancellationToken).ConfigureAwait(false);

        async Task<string> AttemptAsync(Action<long> moved, CancellationToken time)
        {
            var content = new SourceContent(source, moved, time, part);
            using HttpRequestMessage message = request(content);
            try
            {
                using HttpResponseMessage response = await ExecuteAsync(message, server, time, cancellationToken).ConfigureAwait(false);

                // A server may respond before it has read the whole body. Then it does not have the file.
                return etag = content.Sent is not null
                    ? response.Headers.ETag?.ToString() ?? ""
                    : throw new MlflowException(ErrorKind.ServerError, $"{server.Authority} responded before it received all of {source}.") { IsTransient = true };
            }
            catch (MlflowException e) when (e.IsTooLarge())
            {
                throw e.Rewrap($"{e.Message} {source} has {content.Headers.ContentLength} bytes.");
            }
            finally
            {
                whole = content.Sent ?? whole;
            }
        }
    }

    /// <summary>Writes a response body to a stream. Each attempt starts from the beginning.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public Task<bool> ReceiveAsync(Uri server, Func<HttpRequestMessage> request, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        RunAsync(
            server,
            received,
            async (moved, time) =>
            {
                target.SetLength(0);
                using HttpRequestMessage message = request();
                using HttpResponseMessage response = await ExecuteAsync(message, server, time, cancellationToken).ConfigureAwait(false);
                await ArtifactResponses.CopyAsync(response, server, options, target, moved, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    /// <summary>Sends one request for a range, and copies its body to the stream that <paramref name="begin"/> returns.</summary>
    /// <inheritdoc cref="RangeSource.RequestAsync"/>
    public async Task ReceiveRangeAsync(
        Uri server,
        HttpRequestMessage request,
        Func<RangeHead, Stream> begin,
        Action<long> moved,
        CancellationToken time,
        CancellationToken stop)
    {
        using HttpResponseMessage response = await ExecuteAsync(request, server, time, stop).ConfigureAwait(false);
        using Stream target = begin(RangeHead.Of(response));
        await ArtifactResponses.CopyAsync(response, server, options, target, moved, time).ConfigureAwait(false);
    }

    /// <summary>Sends a request with a small or empty body. Only the status of the response matters.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public Task CallAsync(Uri server, Func<HttpRequestMessage> request, CancellationToken cancellationToken) =>
        RunAsync(
            server,
            _ => { },
            async (_, time) =>
            {
                using HttpRequestMessage message = request();
                using HttpResponseMessage response = await ExecuteAsync(message, server, time, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    /// <summary>Removes an artifact. If it is missing after an attempt that got no clear response, that attempt removed it.</summary>
    /// <param name="server">The address for error messages.</param>
    /// <param name="request">Creates the request for each attempt.</param>
    /// <param name="isGone">Checks whether it was removed if the response was lost; null if the store cannot tell.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public Task DeleteAsync(
        Uri server, Func<HttpRequestMessage> request, Func<Task<bool>>? isGone, CancellationToken cancellationToken)
    {
        Func<Task<bool>> once = Timed(server, _ => { }, AttemptAsync, cancellationToken);
        bool mayBeDone = false;
        return retrier.ChangeAsync(DeleteAsync, isGone ?? (() => Task.FromResult(false)), cancellationToken);

        async Task DeleteAsync()
        {
            try
            {
                await once().ConfigureAwait(false);
            }
            catch (MlflowException e) when (mayBeDone && e.Kind == ErrorKind.ArtifactNotFound)
            {
                // An earlier attempt removed it.
            }
            catch (MlflowException e) when (e.MayHaveBeenDone())
            {
                mayBeDone = true;
                throw;
            }
        }

        async Task<bool> AttemptAsync(Action<long> moved, CancellationToken time)
        {
            using HttpRequestMessage message = request();
            using HttpResponseMessage response = await ExecuteAsync(message, server, time, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>True if the store has this content at the path. Sends one request, without retries.</summary>
    /// <param name="server">The address for error messages.</param>
    /// <param name="readBack">Creates the request that reads the file.</param>
    /// <param name="content">The content. A length is not enough: an older file with the same name may have the same length.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    public async Task<bool> IsStoredAsync(
        Uri server, Func<HttpRequestMessage> readBack, ArtifactContent content, CancellationToken cancellationToken)
    {
        var once = new FileTransfer(options, new Retrier(RetryPolicy.None, _ => { }), http);
        using var meter = new HashingStream(Stream.Null, content.Length);
        try
        {
            await once.ReceiveAsync(server, readBack, meter, _ => { }, cancellationToken).ConfigureAwait(false);
            return meter.Finish() == content;
        }
        catch (Exception e) when (e is MlflowException or IOException)
        {
            // The file is missing, or cannot be read now. It is sent again.
            return false;
        }
    }

    // Wraps an attempt so that it times out when no byte has moved for the request timeout.
    private Func<Task<T>> Timed<T>(
        Uri server, Action<long> moved, Func<Action<long>, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        long movedBefore = 0;
        return async () =>
        {
            // Take the bytes of the failed attempt back.
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
                throw ConnectionErrors.From(e, server, options, timedOut: true);
            }

            void Moved(long bytes)
            {
                idle.CancelAfter(options.RequestTimeout);
                movedBefore += bytes;
                moved(bytes);
            }
        };
    }

    // Sends a request once and returns the successful response, before its body is read. The first token cancels on a timeout, the
    // second when the caller cancels.
    private async Task<HttpResponseMessage> ExecuteAsync(HttpRequestMessage request, Uri server, CancellationToken time, CancellationToken stop)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, time).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            byte[] bytes = await ResponseBody.ReadAsync(response, server, time).ConfigureAwait(false);
            if (ResponseBody.IsCutShort(bytes, isSuccess: false))
                throw ServerErrors.CutShort(server);
            string body = Encoding.UTF8.GetString(bytes);
            if (ArtifactResponses.IsMissing(response, body))
                throw new MlflowException(ErrorKind.ArtifactNotFound, "The run has no such artifact.") { StatusCode = (int)response.StatusCode };
            if (!response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId))
                response.Headers.TryGetValues("x-databricks-request-id", out requestId);
            var refused = new RefusedRequest(request.RequestUri!.AbsolutePath, request.Method == HttpMethod.Get);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body,
                requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), server, ErrorKind.ArtifactNotFound, refused, options);
        }
        catch (Exception e)
        {
            response?.Dispose();
            if (stop.IsCancellationRequested || e is MlflowException)
                throw;
            throw (e as FileReadException ?? e.InnerException as FileReadException)?.InnerException
                ?? ConnectionErrors.From(e, server, options, timedOut: time.IsCancellationRequested);
        }
    }
}
