using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The artifacts of a workspace's runs and logged models, below <c>dbfs:/databricks/mlflow-tracking/</c>. Uses the Files API, or, if it is
/// unavailable or a file is large, credentials for the storage itself (like MLflow's DatabricksRunArtifactRepository).
/// </summary>
internal sealed class DatabricksArtifactStore : IArtifactStore, IPrefetchesCredentials, ISharesConcurrency
{
    private static readonly Regex Root = new(
        @"^dbfs:/+(?:[^/]*@databricks/)?databricks/mlflow-tracking/(?<experiment>[^/]+)/(?:logged_models/(?<model>[^/]+)|(?<run>[^/]+))(?<rest>/.*)?\z",
        RegexOptions.CultureInvariant);

    private readonly RestApi _api;
    private readonly ArtifactOwner _owner;
    private readonly FileTransfer _transfer;
    private readonly WorkspaceFiles _files;
    private readonly CredentialedStorage _storage;
    private volatile bool _filesAreKnown, _filesAreRefused;

    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/>.</exception>
    public DatabricksArtifactStore(RestApi api, Run run)
    {
        Match root = Root.Match(run.ArtifactUri);
        if (!root.Success)
            throw new MlflowException(ErrorKind.UriUnsupported, $"The artifact root of run {run.RunId} is {run.ArtifactUri}, which is not a place where a Databricks workspace keeps artifacts.") { Target = run.ArtifactUri };
        bool isModel = root.Groups["model"].Success;
        _api = api;
        _owner = new ArtifactOwner(
            isModel ? root.Groups["model"].Value : run.RunId.Length > 0 ? run.RunId : root.Groups["run"].Value, isModel);
        _transfer = new FileTransfer(api.Options, api.Retrier, api.Http);
        string folder = isModel ? $"LoggedModels/{root.Groups["model"].Value}" : $"Runs/{root.Groups["run"].Value}";
        _files = new WorkspaceFiles(
            api, $"/WorkspaceInternal/Mlflow/Artifacts/{root.Groups["experiment"].Value}/{folder}{root.Groups["rest"].Value}");
        _storage = new CredentialedStorage(api, _owner);
    }

    public bool IsLocal => false;

    public bool TakesControls => true;

    public AdaptiveConcurrency Concurrency => _api.Retrier.Concurrency;

    /// <summary>Whether the URI is an artifact root of a workspace's runs.</summary>
    public static bool IsRoot(string artifactUri) => Root.IsMatch(artifactUri);

    public void ExpectUploads(IEnumerable<string> artifactPaths) => _storage.ExpectUploads(artifactPaths);

    public Task<ArtifactContent?> SendAsync(ArtifactSource source, string artifactPath, Action<long> sent, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        long length = source.State.Length;
        return _transfer.WithinLimitAsync(
            path,
            stop => length < (_api.Options.Multipart.MinimumFileBytes ?? MultipartUpload.MinimumBytes)
                && length <= WorkspaceFiles.MaximumBytes
                ? FirstAsync(() => _files.SendAsync(source, path, sent, stop), () => _storage.SendAsync(source, path, sent, stop))
                : _storage.SendAsync(source, path, sent, stop),
            cancellationToken);
    }

    public Task ReceiveAsync(string artifactPath, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        string path = ArtifactPath.Normalize(artifactPath);
        return _transfer.WithinLimitAsync(
            path,
            stop => FirstAsync(() => _files.ReceiveAsync(path, target, received, stop), () => _storage.ReceiveAsync(path, target, received, stop)),
            cancellationToken);
    }

    public async Task<IReadOnlyList<Artifact>> ListAsync(string artifactPath, CancellationToken cancellationToken)
    {
        string folder = ArtifactPath.Normalize(artifactPath);
        try
        {
            return await FirstAsync(
                () => _files.ListAsync(folder, cancellationToken),
                () => _owner.ListAsync(_api, folder, cancellationToken)).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            return [];
        }
    }

    public Task DeleteAsync(string artifactPath, CancellationToken cancellationToken) => throw DbfsRoots.RemovesNone(artifactPath);

    public void Dispose() => _storage.Dispose();

    // Not every workspace has or allows the Files API; one without it returns 404. Try it once and remember the outcome.
    private async Task<T> FirstAsync<T>(Func<Task<T>> throughFiles, Func<Task<T>> otherwise)
    {
        if (!_filesAreRefused)
        {
            try
            {
                T result = await throughFiles().ConfigureAwait(false);
                _filesAreKnown = true;
                return result;
            }
            catch (MlflowException e) when (!_filesAreKnown && (e.Kind == ErrorKind.NotAnMlflowServer || !e.EndsOperation()))
            {
                _filesAreRefused = e.Kind != ErrorKind.ArtifactNotFound;
            }
        }

        return await otherwise().ConfigureAwait(false);
    }
}
