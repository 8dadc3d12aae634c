using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>Files of a workspace or a volume, through Databricks' Files API (<c>/api/2.0/fs</c>).</summary>
/// <param name="api">The workspace.</param>
/// <param name="root">The folder, with a slash at its beginning.</param>
internal sealed class WorkspaceFiles(RestApi api, string root)
{
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier);

    /// <summary>The longest file that the API takes in one request, in bytes.</summary>
    public const long MaximumBytes = 5L << 30;

    /// <inheritdoc cref="IArtifactStore.SendAsync"/>
    public Task<ArtifactContent> SendAsync(FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken) =>
        _transfer.RunAsync(
            api.Server,
            sent,
            async (moved, time) =>
            {
                var content = new SourceContent(new FileSource(file), moved, time);
                using var request = new HttpRequestMessage(HttpMethod.Put, $"{AddressOf("files", path)}?overwrite=true") { Content = content };
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(api.Http, request, api.Server, time, cancellationToken, api.Options.Identity).ConfigureAwait(false);
                return content.Sent ?? throw new MlflowException(ErrorKind.ServerError, $"The workspace answered before it had all of '{path}'.") { Target = path, IsTransient = true };
            },
            cancellationToken);

    /// <inheritdoc cref="IArtifactStore.ReceiveAsync"/>
    public Task<bool> ReceiveAsync(string path, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        _transfer.RunAsync(
            api.Server,
            received,
            async (moved, time) =>
            {
                target.SetLength(0);
                using var request = new HttpRequestMessage(HttpMethod.Get, AddressOf("files", path));
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(api.Http, request, api.Server, time, cancellationToken, api.Options.Identity).ConfigureAwait(false);
                await ArtifactAnswers.CopyAsync(response, api.Server, target, moved, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    /// <summary>What lies directly in a folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/>: there is no such folder.</exception>
    public async Task<IReadOnlyList<Artifact>> ListAsync(string folder, CancellationToken cancellationToken) =>
        await PageTokens.ReadAllAsync(async token => ReadPage(await api.GetAddressAsync(AddressOf("directories", folder), ErrorKind.ArtifactNotFound, cancellationToken, ("page_token", token)).ConfigureAwait(false), folder)).ConfigureAwait(false);

    /// <summary>Takes away a file, or an empty folder.</summary>
    /// <param name="kind"><c>files</c> or <c>directories</c>.</param>
    /// <param name="path">Which.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    public Task DeleteAsync(string kind, string path, CancellationToken cancellationToken) =>
        _transfer.RunAsync(
            api.Server,
            _ => { },
            async (_, time) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Delete, AddressOf(kind, path));
                using HttpResponseMessage response = await FileTransfer.ExecuteAsync(api.Http, request, api.Server, time, cancellationToken, api.Options.Identity).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    private static Page<Artifact> ReadPage(JsonElement answer, string folder)
    {
        List<Artifact> found = [];
        foreach (JsonElement entry in answer.TryGetProperty("contents", out JsonElement contents) ? [.. contents.EnumerateArray()] : Array.Empty<JsonElement>())
        {
            bool isDirectory = entry.TryGetProperty("is_directory", out JsonElement directory) && directory.GetBoolean();
            long length = entry.TryGetProperty("file_size", out JsonElement size) ? size.GetInt64() : 0;
            found.Add(new Artifact(ArtifactPath.Join(folder, entry.GetProperty("name").GetString() ?? ""), isDirectory, isDirectory ? null : length));
        }

        return new Page<Artifact>(found, answer.TryGetProperty("next_page_token", out JsonElement next) && next.GetString() is { Length: > 0 } token ? token : null);
    }

    private string AddressOf(string kind, string path)
    {
        string whole = ArtifactPath.Join(root.Trim('/'), path);
        return $"{api.Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/api/2.0/fs/{kind}/{ArtifactPath.Escape(whole)}";
    }
}
