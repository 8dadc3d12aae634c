using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>Files of a workspace or a volume, through Databricks' Files API (<c>/api/2.0/fs</c>).</summary>
/// <param name="api">The workspace.</param>
/// <param name="root">The folder, with a leading slash.</param>
internal sealed class WorkspaceFiles(RestApi api, string root)
{
    private readonly FileTransfer _transfer = new(api.Options, api.Retrier, api.Http);

    /// <summary>The maximum size, in bytes, of a file that the API accepts in one request.</summary>
    public const long MaximumBytes = 5L << 30;

    /// <inheritdoc cref="IArtifactStore.SendAsync"/>
    public async Task<ArtifactContent?> SendAsync(ArtifactSource source, string path, Action<long> sent, CancellationToken cancellationToken) =>
        (await _transfer.SendAsync(
            api.Server,
            body => new HttpRequestMessage(HttpMethod.Put, $"{AddressOf("files", path)}?overwrite=true") { Content = body },
            source,
            part: null,
            sent,
            cancellationToken,
            () => GetRequest(path)).ConfigureAwait(false)).Content;

    /// <inheritdoc cref="IArtifactReader.ReceiveAsync"/>
    public Task<bool> ReceiveAsync(string path, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        _transfer.ReceiveAsync(api.Server, () => GetRequest(path), target, received, cancellationToken);

    /// <summary>Lists the files and folders directly in a folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactNotFound"/>: the folder does not exist.</exception>
    public async Task<IReadOnlyList<Artifact>> ListAsync(string folder, CancellationToken cancellationToken) =>
        await PageWalker.ReadAllAsync(async token => JsonFields.Read(
            await api.GetAddressAsync(AddressOf("directories", folder), ErrorKind.ArtifactNotFound, cancellationToken, ("page_token", token)).ConfigureAwait(false),
            api.Server.Host,
            json => RestEntities.ReadPage(json, "contents", pageToken: null, entry => Read(entry, folder)))).ConfigureAwait(false);

    /// <summary>Lists the files and folders directly in a folder; none if it does not exist.</summary>
    public async Task<IReadOnlyList<Artifact>> ListOrNoneAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return await ListAsync(ArtifactPath.Normalize(folder), cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return [];
        }
    }

    /// <summary>Deletes a file or an empty folder.</summary>
    /// <param name="kind"><c>files</c> or <c>directories</c>.</param>
    /// <param name="path">The path of the file or folder.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public Task DeleteAsync(string kind, string path, CancellationToken cancellationToken) =>
        _transfer.DeleteAsync(
            api.Server, () => new HttpRequestMessage(HttpMethod.Delete, AddressOf(kind, path)), isGone: null, cancellationToken);

    private HttpRequestMessage GetRequest(string path) => new(HttpMethod.Get, AddressOf("files", path));

    private static Artifact Read(JsonElement entry, string folder)
    {
        bool isDirectory = entry.Flag("is_directory");
        return new Artifact(ArtifactPath.Join(folder, entry.Text("name")), isDirectory, isDirectory ? null : entry.Whole("file_size"));
    }

    private string AddressOf(string kind, string path)
    {
        string whole = ArtifactPath.Join(root.Trim('/'), path);
        return $"{api.Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/api/2.0/fs/{kind}/{ArtifactPath.Escape(whole)}";
    }
}
