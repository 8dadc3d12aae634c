using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>The folders of a workspace, and their rules for new experiments.</summary>
internal sealed class FolderEndpoints(WorkspaceOptions options) : IWorkspaceEndpoints
{
    private const int LargestFile = 10 << 20;

    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(options.Folders, StringComparer.Ordinal);

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_folders)
                return [.. _folders];
        }
    }

    public IReadOnlyDictionary<string, string> Files
    {
        get
        {
            lock (_folders)
                return new Dictionary<string, string>(_files);
        }
    }

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        switch (path)
        {
            case "/api/2.0/workspace/get-status":
                await Answers.JsonAsync(context, GetStatus(context.Request.Query["path"].ToString()));
                return true;
            case "/api/2.0/workspace/mkdirs":
                Make(Field(recorded, "path"));
                await Answers.JsonAsync(context, "{}");
                return true;
            case "/api/2.0/workspace/import":
                Import(recorded);
                await Answers.JsonAsync(context, "{}");
                return true;
            case "/api/2.0/workspace/delete":
                Delete(Field(recorded, "path"));
                await Answers.JsonAsync(context, "{}");
                return true;
            case "/api/2.0/mlflow/experiments/create":
                CheckExperiment(Field(recorded, "name"));
                return false;
            default:
                return false;
        }
    }

    private static string Field(RecordedRequest recorded, string name)
    {
        using var json = JsonDocument.Parse(recorded.BodyText);
        return json.RootElement.GetProperty(name).GetString()!;
    }

    private static string ParentOf(string path) => path[..path.LastIndexOf('/')];

    private string GetStatus(string path)
    {
        ThrowIfForbidden(path);
        lock (_folders)
        {
            return _folders.Contains(path)
                ? JsonSerializer.Serialize(new { object_type = "DIRECTORY", path, object_id = 1 })
                : throw ApiException.NotFound($"Path ({path}) doesn't exist.");
        }
    }

    private void Make(string path)
    {
        ThrowIfForbidden(path);
        lock (_folders)
        {
            for (string folder = path; folder.Length > 0 && !_folders.Contains(folder); folder = ParentOf(folder))
            {
                if (ParentOf(folder) == "/Users")
                    throw new ApiException("DIRECTORY_PROTECTED", "Folder Users is protected");
            }

            for (string folder = path; folder.Length > 0; folder = ParentOf(folder))
                _folders.Add(folder);
        }
    }

    private void Import(RecordedRequest recorded)
    {
        using var json = JsonDocument.Parse(recorded.BodyText);
        var body = json.RootElement;
        string path = body.GetProperty("path").GetString()!, content = body.GetProperty("content").GetString()!;
        ThrowIfForbidden(path);
        if (content.Length > LargestFile)
            throw new ApiException("MAX_NOTEBOOK_SIZE_EXCEEDED", $"File size imported is ({content.Length} bytes), exceeded max size ({LargestFile} bytes)");
        if (body.GetProperty("format").GetString() != "AUTO")
            throw ApiException.Invalid("The format makes a notebook of the file");
        lock (_folders)
        {
            if (!_folders.Contains(ParentOf(path)))
                throw ApiException.NotFound($"The parent folder ({ParentOf(path)}) does not exist.");
            if (_files.ContainsKey(path) && !(body.TryGetProperty("overwrite", out var overwrite) && overwrite.GetBoolean()))
                throw new ApiException("RESOURCE_ALREADY_EXISTS", $"{path} already exists.");
            _files[path] = System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(content));
        }
    }

    private void Delete(string path)
    {
        ThrowIfForbidden(path);
        lock (_folders)
        {
            if (!_folders.Remove(path))
                throw ApiException.NotFound($"Path ({path}) doesn't exist.");
            _folders.RemoveWhere(folder => folder.StartsWith(path + "/", StringComparison.Ordinal));
            foreach (string file in _files.Keys.Where(file => file.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
                _files.Remove(file);
        }
    }

    private void CheckExperiment(string name)
    {
        if (!name.StartsWith('/'))
            throw ApiException.Invalid($"Got an invalid experiment name '{name}'. An experiment name must be an absolute path within the Databricks workspace, e.g. '/Users/<some-username>/my-experiment'.");
        string folder = ParentOf(name);
        ThrowIfForbidden(folder);
        lock (_folders)
        {
            if (folder.Length > 0 && !_folders.Contains(folder))
                throw ApiException.NotFound($"Parent directory {folder} does not exist.");
        }
    }

    private void ThrowIfForbidden(string path)
    {
        if (options.ForbiddenFolders.Any(folder => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal)))
            throw new ApiException("PERMISSION_DENIED", $"principal does not have Manage permissions on {path}. Please contact the owner or an administrator for access.");
    }
}
