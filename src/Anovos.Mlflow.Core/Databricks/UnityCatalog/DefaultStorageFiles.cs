using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Files in the default storage of a workspace, which issues a presigned URL for each (<c>fs/create-upload-url</c> and
/// <c>fs/create-download-url</c>).
/// </summary>
/// <param name="api">The workspace.</param>
/// <param name="root">The folder's path in the Files API.</param>
internal sealed class DefaultStorageFiles(RestApi api, string root) : IArtifactStore, ISharesConcurrency
{
    private readonly PresignedUrlClient _storage = new(api.Options, api.Retrier);
    private readonly WorkspaceFiles _files = new(api, root);

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => api.Retrier.Concurrency;

    public Task<ArtifactContent?> SendAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        RunAsync<ArtifactContent?>(
            "create-upload-url",
            artifactPath,
            async address => (await _storage.SendAsync(
                HttpMethod.Put, address, source, part: null, sent, cancellationToken).ConfigureAwait(false)).Content,
            cancellationToken);

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) => RunAsync(
        "create-download-url",
        artifactPath,
        address => _storage.ReceiveAsync(address, target, received, cancellationToken),
        cancellationToken);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        _files.ListOrNoneAsync(artifactPath, cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw DbfsRoots.RemovesNone(artifactPath);

    public void Dispose() => _storage.Dispose();

    // An expired URL is rejected, so try once with a new one.
    private async Task<T> RunAsync<T>(
        string operation, string artifactPath, Func<PresignedUrl, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(await SignAsync(operation, artifactPath, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.RefusesSignature())
        {
            return await work(await SignAsync(operation, artifactPath, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task<PresignedUrl> SignAsync(string operation, string artifactPath, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Join(root, ArtifactPath.Normalize(artifactPath));
        JsonElement response = await api.Retrier.RunAsync(
            _ => api.PostAddressOnceAsync(
                $"api/2.0/fs/{operation}", body => body.WriteString("path", path), ErrorKind.ArtifactNotFound, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return JsonFields.Read(response, api.Server.Host, json => PresignedUrl.Parse(
            json.Id("url"),
            json.Items("headers").ToDictionary(header => header.Id("name"), header => header.Text("value"),
                StringComparer.OrdinalIgnoreCase)));
    }
}
