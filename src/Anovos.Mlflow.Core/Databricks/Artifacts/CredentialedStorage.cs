using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The storage behind a workspace, in Azure, AWS or Google Cloud, accessed with the credentials that the workspace issues for each
/// artifact of a run.
/// </summary>
internal sealed class CredentialedStorage(RestApi api, ArtifactOwner owner) : IDisposable
{
    private const string AzureBlob = "AZURE_SAS_URI", AzureDataLake = "AZURE_ADLS_GEN2_SAS_URI", Aws = "AWS_PRESIGNED_URL", Google = "GCP_SIGNED_URL";

    private readonly ArtifactCredentials _write = new(api, owner, owner.WriteEndpoint);
    private readonly ArtifactCredentials _read = new(api, owner, owner.ReadEndpoint);
    private readonly PresignedUrlClient _storage = new(api.Options, api.Retrier);

    /// <inheritdoc cref="ArtifactCredentials.ExpectUploads"/>
    public void ExpectUploads(IEnumerable<string> paths) => _write.ExpectUploads(paths);

    /// <inheritdoc cref="IArtifactStore.SendAsync"/>
    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string path, Action<long> sent, CancellationToken cancellationToken) =>
        SpooledFile.UseAsync(source, file => SendAsync(file, path, sent, cancellationToken), cancellationToken);

    private async Task<ArtifactContent?> SendAsync(FileInfo file, string path, Action<long> sent, CancellationToken cancellationToken)
    {
        ArtifactCredential credential = await _write.GetAsync(path, cancellationToken).ConfigureAwait(false);
        var signed = new PresignedFile(_write, path, credential);
        return await TrySendInPartsAsync(file, path, signed, sent, cancellationToken).ConfigureAwait(false)
            ?? await SendWholeAsync(file, signed, sent, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="IArtifactReader.ReceiveAsync"/>
    public async Task<bool> ReceiveAsync(string path, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        var signed = new PresignedFile(_read, path, await _read.GetAsync(path, cancellationToken).ConfigureAwait(false));
        return await signed.RunAsync(address => _storage.ReceiveAsync(address, target, received, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _write.Dispose();
        _read.Dispose();
        _storage.Dispose();
    }

    private async Task<ArtifactContent?> TrySendInPartsAsync(FileInfo file, string path, PresignedFile signed, Action<long> sent, CancellationToken cancellationToken)
    {
        IMultipartTarget? target = signed.Type switch
        {
            AzureBlob => new AzureBlocks(_storage, signed),
            AzureDataLake => new DataLakeAppends(_storage, signed),
            Aws => new PresignedMultipart(api, _storage, owner.Id),
            _ => null,
        };
        if (target is null)
            return null;
        using var upload = new MultipartUpload(target, api.Options.Multipart, owner.Id);
        return await upload.TrySendAsync(file, path, sent, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ArtifactContent> SendWholeAsync(FileInfo file, PresignedFile signed, Action<long> sent, CancellationToken cancellationToken)
    {
        var whole = new FilePart(1, 0, FileState.Of(file).Length);
        switch (signed.Type)
        {
            case AzureDataLake:
                return await new DataLakeAppends(_storage, signed).SendWholeAsync(file, whole, sent, cancellationToken).ConfigureAwait(false);
            case AzureBlob:
                return await PutAsync(address => address.WithHeader("x-ms-blob-type", "BlockBlob")).ConfigureAwait(false);
            case Aws or Google:
                return await PutAsync(address => address).ConfigureAwait(false);
            default:
                throw new MlflowException(ErrorKind.UriUnsupported, $"The workspace at {api.Server.Host} keeps artifacts in a storage of type '{signed.Type}', which this version does not support.");
        }

        async Task<ArtifactContent> PutAsync(Func<PresignedUrl, PresignedUrl> complete)
        {
            UploadedPart part = await signed.RunAsync(address => _storage.SendAsync(HttpMethod.Put, complete(address), file, whole, sent, cancellationToken), cancellationToken).ConfigureAwait(false);
            return new ArtifactContent(whole.Length, part.Sha256);
        }
    }
}
