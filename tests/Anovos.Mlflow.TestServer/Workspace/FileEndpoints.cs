using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>The Files API, <c>/api/2.0/fs/files</c> and <c>/directories</c>.</summary>
internal sealed class FileEndpoints(WorkspaceOptions options, ArtifactStore store) : IWorkspaceEndpoints
{
    private const string Files = "/api/2.0/fs/files/", Directories = "/api/2.0/fs/directories/", Runs = "WorkspaceInternal/Mlflow/Artifacts/";

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        bool isFile = path.StartsWith(Files, StringComparison.Ordinal);
        if (!isFile && !path.StartsWith(Directories, StringComparison.Ordinal))
            return false;
        string file = Uri.UnescapeDataString(path[(isFile ? Files : Directories).Length..]);
        if (file.StartsWith(Runs, StringComparison.Ordinal) && !options.ServesRunFiles)
            throw new ApiException("PERMISSION_DENIED", $"The path /{file} is not served by the Files API");
        string key = KeyOf(file);
        if (HttpMethods.IsDelete(context.Request.Method))
            Delete(context, key, isFile);
        else if (!isFile)
            await Answers.JsonAsync(context, JsonSerializer.Serialize(List(context.Request, file, key)));
        else if (HttpMethods.IsPut(context.Request.Method))
            await PutAsync(context, recorded, key);
        else
            await GetAsync(context, key);
        return true;
    }

    // The artifacts of runs are the same through either API.
    private static string KeyOf(string file)
    {
        if (!file.StartsWith(Runs, StringComparison.Ordinal))
            return file;
        string[] parts = file[Runs.Length..].Split("/Runs/", 2);
        return string.Join('/', parts).Replace("/LoggedModels/", "/logged_models/", StringComparison.Ordinal);
    }

    private async Task PutAsync(HttpContext context, RecordedRequest recorded, string key)
    {
        if (store.Find(key) is not null && context.Request.Query["overwrite"] != "true")
            throw new ApiException("ALREADY_EXISTS", $"The file at {key} already exists");
        await store.SaveAsync(key, context.Request.Body, read => recorded.BodyLength += read, context.RequestAborted);
        context.Response.StatusCode = 204;
    }

    private void Delete(HttpContext context, string key, bool isFile)
    {
        if (isFile && store.Find(key) is null)
            throw new ApiException("NOT_FOUND", $"The file being accessed is not found: {key}");
        if (!isFile && store.List(key).Count > 0)
            throw new ApiException("FAILED_PRECONDITION", $"The directory is not empty: {key}");
        if (isFile)
            store.Delete(key);
        context.Response.StatusCode = 204;
    }

    private async Task GetAsync(HttpContext context, string key)
    {
        var artifact = store.Find(key) ?? throw new ApiException("NOT_FOUND", $"The file being accessed is not found: {key}");
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = artifact.Length;
        await context.Response.Body.WriteAsync(artifact.Bytes, context.RequestAborted);
    }

    // A page has two entries, so that tests include paging.
    private object List(HttpRequest request, string file, string key)
    {
        var found = store.List(key);
        if (found.Count == 0)
            throw new ApiException("NOT_FOUND", $"The directory being accessed is not found: /{file}");
        int first = int.TryParse(request.Query["page_token"], out int token) ? token : 0;
        var contents = found.Skip(first).Take(2).Select(entry => new { path = $"/{file}/{entry.Name}", name = entry.Name, is_directory = entry.Length is null, file_size = entry.Length ?? 0 });
        return first + 2 < found.Count ? new { contents, next_page_token = (first + 2).ToString(System.Globalization.CultureInfo.InvariantCulture) } : new { contents };
    }
}
