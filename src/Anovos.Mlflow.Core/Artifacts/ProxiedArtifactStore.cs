using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Artifacts behind an MLflow server that passes them on (<c>mlflow-artifacts:</c>, or its <c>http(s):</c> form).</summary>
internal sealed class ProxiedArtifactStore(RestApi api, Uri root, bool ownsApi) : IArtifactStore
{
    /// <summary>Where MLflow serves artifacts, relative to its address.</summary>
    public const string Endpoint = "api/2.0/mlflow-artifacts/artifacts";

    // The server decodes a path again and again until nothing is left to decode.
    private static readonly Regex EncodedCharacter = new("%[0-9a-fA-F]{2}", RegexOptions.CultureInvariant);

    public async Task SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (api.Options.TransferTimeout is { } limit)
            time.CancelAfter(limit);
        try
        {
            await SendFileAsync(file, artifactPath, sent, time.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (time.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MlflowException(ErrorKind.ArtifactSendFailed, $"It took longer than the {api.Options.TransferTimeout?.TotalSeconds} seconds that MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT allows a file.", e) { Target = artifactPath };
        }
    }

    private Task SendFileAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        if (EncodedCharacter.IsMatch(path))
            throw new MlflowException(ErrorKind.ArtifactPathInvalid, $"The artifact path '{path}' holds a percent sign with two hex digits, which MLflow's server would decode: the file would arrive under another name. Rename it.") { Target = path };
        string address = $"{root.AbsoluteUri.TrimEnd('/')}/{ArtifactPath.Escape(path)}";
        long sentBefore = 0;
        return api.Retrier.RunAsync(
            async _ =>
            {
                // What an attempt sent that failed does not count.
                sent(-sentBefore);
                sentBefore = 0;

                // A large file may take hours, as long as something moves.
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                idle.CancelAfter(api.Options.RequestTimeout);
                using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new FileContent(file, Moved, idle.Token) };
                using HttpResponseMessage response = await ExecuteAsync(request, idle.Token, cancellationToken).ConfigureAwait(false);
                return true;

                void Moved(long bytes)
                {
                    idle.CancelAfter(api.Options.RequestTimeout);
                    sentBefore += bytes;
                    sent(bytes);
                }
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
        JsonElement answer = await api.GetAddressAsync(address.Substring(0, end), ErrorKind.ArtifactNotFound, cancellationToken, ("path", folder)).ConfigureAwait(false);
        if (!answer.TryGetProperty("files", out JsonElement files))
            return [];
        return [.. files.EnumerateArray().Select(entry => Read(entry, artifactPath))];
    }

    public void Dispose()
    {
        if (ownsApi)
            api.Dispose();
    }

    private static Artifact Read(JsonElement entry, string folder)
    {
        string name = entry.GetProperty("path").GetString()!;
        bool isDirectory = entry.TryGetProperty("is_dir", out JsonElement isDir) && isDir.GetBoolean();

        // proto3 leaves out the size of an empty file.
        long length = entry.TryGetProperty("file_size", out JsonElement size)
            ? size.ValueKind == JsonValueKind.String ? long.Parse(size.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : size.GetInt64()
            : 0;
        return new Artifact(ArtifactPath.Join(folder, name), isDirectory, isDirectory ? null : length);
    }

    private async Task<HttpResponseMessage> ExecuteAsync(HttpRequestMessage request, CancellationToken timeOrStop, CancellationToken stop)
    {
        HttpResponseMessage? response = null;
        try
        {
            response = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeOrStop).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return response;
            byte[] body = await AnswerBody.ReadAsync(response, request.RequestUri!, timeOrStop).ConfigureAwait(false);
            if (AnswerBody.IsCutShort(body, isSuccess: false))
                throw ServerErrors.CutShort(api.Server);
            response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, Encoding.UTF8.GetString(body), requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), api.Server, ErrorKind.ArtifactNotFound);
        }
        catch (Exception e)
        {
            response?.Dispose();
            if (stop.IsCancellationRequested || e is MlflowException)
                throw;
            throw (e as FileReadException ?? e.InnerException as FileReadException)?.InnerException
                ?? ConnectionErrors.From(e, api.Server, timedOut: timeOrStop.IsCancellationRequested);
        }
    }
}
