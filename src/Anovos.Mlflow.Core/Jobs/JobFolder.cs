using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Jobs;

/// <summary>
/// A temporary folder for one job that the driver of its cluster can read: in the workspace, where the cluster mounts it under
/// <c>/Workspace</c>, or in a volume.
/// </summary>
internal sealed class JobFolder
{
    private const string Volumes = "/Volumes/", Mount = "/Workspace";

    // The maximum size of an imported file, before base64.
    private const long MaximumBytes = 7 << 20;

    private readonly RestApi _api;
    private readonly string? _parent;
    private readonly string _name;
    private readonly List<string> _sent = [];
    private string? _path;

    /// <summary>Describes a folder, which is created with its first file.</summary>
    /// <param name="api">The workspace.</param>
    /// <param name="parent">The parent folder; null for the user's own folder.</param>
    /// <param name="name">A unique name.</param>
    public JobFolder(RestApi api, string? parent, string name) => (_api, _parent, _name) = (api, parent, name);

    /// <summary>True from the request that starts the job until the job is over.</summary>
    public bool MayBeInUse { get; set; }

    private bool IsVolume => _path!.StartsWith(Volumes, StringComparison.Ordinal);

    /// <summary>Uploads a file to the folder.</summary>
    /// <returns>The path of the file on the cluster.</returns>
    public async Task<string> SendAsync(FileInfo file, string name, CancellationToken cancellationToken)
    {
        if (file.Length > MaximumBytes)
            throw new MlflowException(ErrorKind.ConfigInvalid, $"{file.FullName} has {file.Length} bytes, but a workspace accepts at most {MaximumBytes} bytes. Is it the workflow file?") { Target = file.FullName };
        await MakeAsync(cancellationToken).ConfigureAwait(false);
        string path = $"{_path}/{name}";
        _sent.Add(name);
        if (IsVolume)
        {
            await new WorkspaceFiles(_api, _path!).SendAsync(new FileSource(file), name, _ => { }, cancellationToken).ConfigureAwait(false);
            return path;
        }

        byte[] content = File.ReadAllBytes(file.FullName);
        await PostAsync("import", json => { json.WriteString("format", "AUTO"); json.WriteBoolean("overwrite", true); json.WriteBase64String("content", content); }, path, cancellationToken).ConfigureAwait(false);
        return Mount + path;
    }

    /// <summary>Uploads a text to the folder as a file.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public async Task<string> SendTextAsync(string text, string name, CancellationToken cancellationToken)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text, new UTF8Encoding(false));
            return await SendAsync(new FileInfo(file), name, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Deletes the folder and the files uploaded to it.</summary>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        if (_path is null)
            return;
        if (!IsVolume)
        {
            await PostAsync("delete", json => json.WriteBoolean("recursive", true), _path, cancellationToken).ConfigureAwait(false);
            return;
        }

        var files = new WorkspaceFiles(_api, _path);
        foreach (string name in _sent)
            await files.DeleteAsync("files", name, cancellationToken).ConfigureAwait(false);
        await files.DeleteAsync("directories", "", cancellationToken).ConfigureAwait(false);
    }

    public override string ToString() => _path ?? _name;

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        if (_path is not null)
            return;
        string parent = _parent ?? $"/Users/{await UserAsync(_api, cancellationToken).ConfigureAwait(false)}/.anovos-mlflow";
        if (parent.StartsWith(Mount + "/", StringComparison.Ordinal))
            parent = parent.Substring(Mount.Length);
        if (!parent.StartsWith("/", StringComparison.Ordinal) || parent.Split('/').Any(part => part is "." or ".."))
            throw new MlflowException(ErrorKind.InvalidValue, $"'{parent}' is not a folder for the workflow file. Give a folder "
                + "in the workspace, such as /Users/you@example.com/anovos, or in a volume, such as /Volumes/catalog/schema/volume.")
            { Target = parent };
        string path = $"{parent.TrimEnd('/')}/{_name}";

        // The Files API creates the folders of a file itself.
        if (!path.StartsWith(Volumes, StringComparison.Ordinal))
            await new WorkspaceFolders(_api).MakeAsync(path, cancellationToken).ConfigureAwait(false);
        _path = path;
    }

    private static async Task<string> UserAsync(RestApi api, CancellationToken cancellationToken)
    {
        JsonElement me = await api.GetAddressAsync("api/2.0/preview/scim/v2/Me", ErrorKind.InvalidValue, cancellationToken).ConfigureAwait(false);
        return me.TryGetProperty("userName", out JsonElement name) && name.GetString() is { Length: > 0 } user
            ? user
            : throw new MlflowException(ErrorKind.ServerError, $"{api.Server.Host} does not report who is signed in, so the folder for the workflow file is unknown. Name one with -WorkspaceFolder.") { Target = api.Server.Host };
    }

    private Task PostAsync(string action, Action<Utf8JsonWriter> fields, string path, CancellationToken cancellationToken) => _api.Retrier.RunAsync(
        _ => _api.PostAddressOnceAsync($"api/2.0/workspace/{action}", json => { json.WriteString("path", path); fields(json); }, ErrorKind.InvalidValue, cancellationToken),
        cancellationToken);
}
