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

    public Task SendAsync(FileInfo file, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
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
                using var request = new HttpRequestMessage(HttpMethod.Put, address)
                {
                    Content = new FileContent(file, bytes => { sentBefore += bytes; sent(bytes); }, cancellationToken),
                };
                using HttpResponseMessage response = await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
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
        using HttpResponseMessage response = await api.Retrier.RunAsync(
            async _ =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, $"{address.Substring(0, end)}?path={Uri.EscapeDataString(folder)}");
                return await ExecuteAsync(request, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        using Stream body = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        using JsonDocument document = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken).ConfigureAwait(false);
        if (!document.RootElement.TryGetProperty("files", out JsonElement files))
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
            response.Headers.TryGetValues("x-request-id", out IEnumerable<string>? requestId);
            throw ServerErrors.From((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, requestId?.FirstOrDefault(), response.Headers.RetryAfter?.ToString(), api.Server, ErrorKind.ArtifactNotFound);
        }
    }
}
