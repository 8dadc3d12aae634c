using System.Globalization;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The files of a version in Unity Catalog. Uses the Files API if the workspace serves models there, presigned URLs for the catalog's
/// default storage, or else the bucket itself with temporary credentials, which are renewed.
/// </summary>
internal sealed class VersionFiles(UnityCatalogApi api, string name, long version, string location, bool writes)
    : IArtifactStore, ISharesConcurrency
{
    private const string FilesEnabled = "is-databricks-sdk-models-artifact-repository-enabled";
    private const string DefaultStorage = "DEFAULT_STORAGE";

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<IArtifactStore> _opened = [];
    private DateTimeOffset _expires = DateTimeOffset.MaxValue;
    private bool _isRenewable;

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => api.Workspace.Retrier.Concurrency;

    public Task<ArtifactContent?> SendAsync(
        ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken) =>
        RunAsync(files => files.SendAsync(source, artifactPath, sent, cancellationToken), cancellationToken);

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken) =>
        RunAsync(
            async files =>
            {
                await files.ReceiveAsync(artifactPath, target, received, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    public Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken) =>
        RunAsync(files => files.ListAsync(artifactPath, cancellationToken), cancellationToken);

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw new MlflowException(
        ErrorKind.ArtifactRemovalFailed,
        $"The files of a version in Unity Catalog cannot be removed one by one. Remove the version: "
        + $"Remove-MlflowModelVersion {name} {Number}")
    { Target = artifactPath };

    public void Dispose()
    {
        foreach (IArtifactStore files in _opened)
            files.Dispose();
        _gate.Dispose();
    }

    private string Number => version.ToString(CultureInfo.InvariantCulture);

    // Rejected credentials may have expired early, so renew them once.
    private async Task<T> RunAsync<T>(Func<IArtifactStore, Task<T>> work, CancellationToken cancellationToken)
    {
        IArtifactStore files = await OpenAsync(refused: null, cancellationToken).ConfigureAwait(false);
        try
        {
            return await work(files).ConfigureAwait(false);
        }
        catch (MlflowException e) when (_isRenewable && e.Kind is ErrorKind.AuthenticationFailed or ErrorKind.PermissionDenied)
        {
            files = await OpenAsync(refused: files, cancellationToken).ConfigureAwait(false);
        }

        return await work(files).ConfigureAwait(false);
    }

    // Earlier stores are disposed at the end, because other transfers may still use them.
    private async Task<IArtifactStore> OpenAsync(IArtifactStore? refused, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            IArtifactStore? current = _opened.LastOrDefault();
            if (current is not null && current != refused && DateTimeOffset.UtcNow < _expires)
                return current;
            current = await ChooseAsync(isFirst: current is null, cancellationToken).ConfigureAwait(false);
            _opened.Add(current);
            return current;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<IArtifactStore> ChooseAsync(bool isFirst, CancellationToken cancellationToken)
    {
        string folder = $"/Models/{name.Replace('.', '/')}/{Number}";
        if (isFirst && await ServesFilesAsync(cancellationToken).ConfigureAwait(false))
            return new VolumeArtifactStore(api.Workspace, folder);
        JsonElement response = await api.PostAsync(
            "model-versions/generate-temporary-credentials",
            name,
            ErrorKind.ModelVersionNotFound,
            cancellationToken,
            ("version", Number),
            ("operation", writes ? "MODEL_VERSION_OPERATION_READ_WRITE" : "MODEL_VERSION_OPERATION_READ")).ConfigureAwait(false);
        (string mode, TemporaryCredentials? credentials) = api.Read(response, Read);
        if (mode == DefaultStorage)
            return new DefaultStorageFiles(api.Workspace, folder);
        if (credentials is null)
        {
            throw new MlflowException(
                ErrorKind.NotSupported,
                $"The workspace {api.Workspace.Server.Host} returned credentials for {location} of a type that this "
                + "version does not support.")
            { Target = name };
        }

        credentials.Hide(api.Workspace.Options.Redactor);
        (_isRenewable, _expires) = (true, credentials.Expires);
        return await TemporaryStore.OpenAsync(
            location, credentials, Environment.GetEnvironmentVariable, api.Workspace.Options, api.Workspace.Retrier, cancellationToken)
            .ConfigureAwait(false);
    }

    // Older workspaces do not have this endpoint.
    private async Task<bool> ServesFilesAsync(CancellationToken cancellationToken)
    {
        try
        {
            JsonElement response = await api.Workspace.GetAsync(
                $"unity-catalog/registered-models:{FilesEnabled}", ErrorKind.NotSupported, cancellationToken).ConfigureAwait(false);
            return api.Read(response, json => json.Flag(FilesEnabled.Replace('-', '_')));
        }
        catch (MlflowException e) when (e.IsRefused())
        {
            return false;
        }
    }

    private static (string Mode, TemporaryCredentials? Credentials) Read(JsonElement response)
    {
        JsonElement json = response.Part("credentials");
        TemporaryCredentials? credentials =
            json.OptionalPart("aws_temp_credentials") is { } aws ? Keys(aws, Encryption(json))
            : json.OptionalPart("r2_temp_credentials") is { } r2 ? Keys(r2, null)
            : json.OptionalPart("azure_user_delegation_sas") is { } azure ? new TemporarySignature(azure.Id("sas_token"))
            : json.OptionalPart("gcp_oauth_token") is { } google ? new TemporaryToken(google.Id("oauth_token"))
            : null;
        return (json.Text("storage_mode"), credentials is null ? null : credentials with { ExpirationTime = json.Time("expiration_time") });
    }

    private static TemporaryKeys Keys(JsonElement json, ServerEncryption? encryption) =>
        new(json.Id("access_key_id"), json.Id("secret_access_key"), json.Text("session_token"), encryption);

    private static ServerEncryption? Encryption(JsonElement json)
    {
        JsonElement? details = json.OptionalPart("encryption_details")?.OptionalPart("sse_encryption_details");
        return details?.Text("algorithm") switch
        {
            "AWS_SSE_S3" => new ServerEncryption("AES256", null),
            "AWS_SSE_KMS" => new ServerEncryption("aws:kms", details.Value.Text("aws_kms_key_arn").Split('/').Last()),
            _ => null,
        };
    }
}
