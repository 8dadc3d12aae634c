using System.Text;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Artifacts behind an MLflow server that passes them on (<c>mlflow-artifacts:</c>, or its <c>http(s):</c> form).</summary>
/// <param name="api">The server.</param>
/// <param name="root">The address of the root.</param>
/// <param name="ownsApi">Whether the connection ends with this store.</param>
/// <param name="runId">The run, where the server is its tracking server.</param>
internal sealed class ProxiedArtifactStore(RestApi api, Uri root, bool ownsApi, string? runId = null) : IArtifactStore
{
    /// <summary>Where MLflow serves artifacts, relative to its address.</summary>
    public const string Endpoint = "api/2.0/mlflow-artifacts/artifacts";

    // The server decodes a path again and again until nothing is left to decode.
    private static readonly Regex EncodedCharacter = new("%[0-9a-fA-F]{2}", RegexOptions.CultureInvariant);

    public bool IsLocal => false;

    public Task<ArtifactContent> SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        if (EncodedCharacter.IsMatch(path))
            throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"The artifact path '{path}' holds a percent sign with two hex digits, which MLflow's server would decode: the file would arrive under another name. Rename it.") { Target = path };
        return TransferAsync(
            path,
            sent,
            async (moved, time) =>
            {
                var content = new FileContent(file, moved, time);
                using var request = new HttpRequestMessage(HttpMethod.Put, AddressOf(path)) { Content = content };
                using HttpResponseMessage response = await ExecuteAsync(request, time, cancellationToken).ConfigureAwait(false);

                // A server may answer before it has taken all; then it has not got it.
                return content.Sent ?? throw new MlflowException(ErrorKind.ServerError, $"The server answered before it had all of '{path}'.") { Target = path, IsTransient = true };
            },
            cancellationToken);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        string address = runId is not null && !IsAscii(path.Substring(path.LastIndexOf('/') + 1))

            // MLflow cannot put such a name into the headers of the artifact service's answer; its page of runs can.
            ? $"{api.Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/get-artifact?run_id={Uri.EscapeDataString(runId)}&path={Uri.EscapeDataString(path)}"
            : AddressOf(path);
        return TransferAsync(
            path,
            received,
            async (moved, time) =>
            {
                target.SetLength(0);
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using HttpResponseMessage response = await ExecuteAsync(request, time, cancellationToken).ConfigureAwait(false);
                await ArtifactAnswers.CopyAsync(response, api.Server, target, moved, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        // The listing endpoint takes the path under the served root as a parameter.
        string address = root.AbsoluteUri;
        int end = address.IndexOf(Endpoint, StringComparison.Ordinal) is var start and >= 0
            ? start + Endpoint.Length
            : throw new MlflowException(ErrorKind.UriUnsupported, $"{address} is no address of MLflow's artifact service, so it cannot be listed.") { Target = address };
        string folder = ArtifactPath.Join(Uri.UnescapeDataString(address.Substring(end).Trim('/')), ArtifactPath.Normalize(artifactPath));
        return ArtifactAnswers.ReadList(
            await api.GetAddressAsync(address.Substring(0, end), ErrorKind.ArtifactNotFound, cancellationToken, ("path", folder)).ConfigureAwait(false),
            api.Server,
            artifactPath);
    }

    public void Dispose()
    {
        if (ownsApi)
            api.Dispose();
    }

    private static bool IsAscii(string text) => text.All(character => character < 128);

    private string AddressOf(string path) => $"{root.AbsoluteUri.TrimEnd('/')}/{ArtifactPath.Escape(path)}";

    // Moves one file, as often as the options say. A large one may take hours, as long as something moves.
    private async Task<T> TransferAsync<T>(string path, Action<long> moved, Func<Action<long>, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        using var whole = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (api.Options.TransferTimeout is { } limit)
            whole.CancelAfter(limit);
        long movedBefore = 0;
        try
        {
            return await api.Retrier.RunAsync(
                async _ =>
                {
                    // What an attempt moved that failed does not count.
                    moved(-movedBefore);
                    movedBefore = 0;
                    using var idle = CancellationTokenSource.CreateLinkedTokenSource(whole.Token);
                    idle.CancelAfter(api.Options.RequestTimeout);
                    try
                    {
                        return await attempt(Moved, idle.Token).ConfigureAwait(false);
                    }
                    catch (OperationCanceledException e) when (!whole.IsCancellationRequested)
                    {
                        throw ConnectionErrors.From(e, api.Server, timedOut: true);
                    }

                    void Moved(long bytes)
                    {
                        idle.CancelAfter(api.Options.RequestTimeout);
                        movedBefore += bytes;
                        moved(bytes);
                    }
                },
                whole.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or MlflowException && whole.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MlflowException(ErrorKind.ArtifactSendFailed, $"It took longer than the {api.Options.TransferTimeout?.TotalSeconds} seconds that MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT allows a file.", e) { Target = path };
        }
    }

    private async Task<HttpResponseMessage> ExecuteAsync(HttpRequestMessage request, CancellationToken time, CancellationToken stop)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, time).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            byte[] bytes = await AnswerBody.ReadAsync(response, request.RequestUri!, time).ConfigureAwait(false);
            if (AnswerBody.IsCutShort(bytes, isSuccess: false))
                throw ServerErrors.CutShort(api.Server);
            string body = Encoding.UTF8.GetString(bytes);
            if (ArtifactAnswers.IsMissing(response, body))
                throw new MlflowException(ErrorKind.ArtifactNotFound, "The run has no such artifact.") { StatusCode = (int)response.StatusCode };
            response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), api.Server, ErrorKind.ArtifactNotFound);
        }
        catch (Exception e)
        {
            response?.Dispose();
            if (stop.IsCancellationRequested || e is MlflowException)
                throw;
            throw (e as FileReadException ?? e.InnerException as FileReadException)?.InnerException
                ?? ConnectionErrors.From(e, api.Server, timedOut: time.IsCancellationRequested);
        }
    }
}
