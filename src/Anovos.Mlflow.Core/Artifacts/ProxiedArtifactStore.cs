using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Artifacts behind an MLflow server that passes them on (<c>mlflow-artifacts:</c>, or its <c>http(s):</c> form).</summary>
/// <param name="api">The server.</param>
/// <param name="root">The address of the run's artifact root there.</param>
/// <param name="ownsApi">Whether the connection ends with this store.</param>
/// <param name="runId">The run, where the server at <paramref name="api"/> also holds it; otherwise null.</param>
internal sealed class ProxiedArtifactStore(RestApi api, Uri root, bool ownsApi, string? runId = null) : IArtifactStore
{
    /// <summary>Where MLflow serves artifacts, relative to its address.</summary>
    public const string Endpoint = "api/2.0/mlflow-artifacts/artifacts";

    public bool IsLocal => false;

    public Task<ArtifactContent> SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string address = AddressOf(ArtifactPath.Normalize(artifactPath));
        long sentBefore = 0;
        return api.Retrier.RunAsync(
            async _ =>
            {
                // What an attempt sent that failed does not count.
                sent(-sentBefore);
                sentBefore = 0;
                var content = new FileContent(file, bytes => { sentBefore += bytes; sent(bytes); }, cancellationToken);
                using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content };
                using HttpResponseMessage response = await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);

                // A server may answer before it has taken all; then it has not got it.
                return content.Sent ?? throw new MlflowException(ErrorKind.ServerError, $"The server answered before it had all of '{artifactPath}'.") { Target = artifactPath, IsTransient = true };
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
        return await api.Retrier.RunAsync(
            async _ =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"{address.Substring(0, end)}?path={Uri.EscapeDataString(folder)}");
                using HttpResponseMessage response = await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
                return await ArtifactAnswers.ReadListAsync(response, api.Server, artifactPath, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        string address = runId is not null && !IsAscii(path.Substring(path.LastIndexOf('/') + 1))

            // MLflow cannot put such a name into the headers of the artifact service's answer; its page of runs can.
            ? $"{api.Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/get-artifact?run_id={Uri.EscapeDataString(runId)}&path={Uri.EscapeDataString(path)}"
            : AddressOf(path);
        long receivedBefore = 0;
        return api.Retrier.RunAsync(
            async _ =>
            {
                received(-receivedBefore);
                receivedBefore = 0;
                target.SetLength(0);
                using var request = new HttpRequestMessage(HttpMethod.Get, address);
                using HttpResponseMessage response = await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
                await ArtifactAnswers.CopyAsync(response, api.Server, target, bytes => { receivedBefore += bytes; received(bytes); }, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    public void Dispose()
    {
        if (ownsApi)
            api.Dispose();
    }

    private static bool IsAscii(string text) => text.All(character => character < 128);

    private string AddressOf(string path) => $"{root.AbsoluteUri.TrimEnd('/')}/{ArtifactPath.Escape(path)}";

    private async Task<HttpResponseMessage> ExecuteAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw e.InnerException is FileReadException file ? file.InnerException! : ConnectionErrors.From(e, api.Server);
        }

        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            string body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
            if (ArtifactAnswers.IsMissing(response, body))
                throw new MlflowException(ErrorKind.ArtifactNotFound, "The run has no such artifact.") { StatusCode = (int)response.StatusCode };
            response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), api.Server, ErrorKind.ArtifactNotFound);
        }
    }
}
