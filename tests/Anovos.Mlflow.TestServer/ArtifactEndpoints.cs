using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.StaticFiles;

namespace Anovos.Mlflow.TestServer;

/// <summary>The artifact proxy under <c>/api/2.0/mlflow-artifacts/</c>, and the list of a run's artifacts.</summary>
internal sealed class ArtifactEndpoints(TrackingState state, ArtifactStore store, MultipartEndpoints? multipart)
{
    private const string Collection = "/api/2.0/mlflow-artifacts/artifacts";

    private readonly FileExtensionContentTypeProvider _contentTypes = new();

    public void AddTo(Dictionary<string, Endpoint> table) => table["artifacts/list"] = new("GET", ListOfRun);

    /// <summary>The path of an artifact in a request's path; null when the request asks for none.</summary>
    public static string? PathOf(string path) =>
        path.StartsWith(Collection + "/", StringComparison.Ordinal) ? Uri.UnescapeDataString(path[(Collection.Length + 1)..]) : null;

    public async Task HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path.StartsWith("/api/2.0/mlflow-artifacts/mpu/", StringComparison.Ordinal))
        {
            await (multipart ?? throw new ApiException("NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository")).HandleAsync(context, recorded, path);
            return;
        }

        if (path == Collection && HttpMethods.IsGet(context.Request.Method))
            await ListAsync(context);
        else if (PathOf(path) is not { } artifact)
            await Answers.PageAsync(context, 404);
        else if (artifact.StartsWith('/'))
            await RedirectAsync(context, artifact.TrimStart('/'));
        else if (HttpMethods.IsPut(context.Request.Method))
            await PutAsync(context, recorded, ArtifactPath.Clean(artifact));
        else if (HttpMethods.IsDelete(context.Request.Method))
            await DeleteAsync(context, ArtifactPath.Clean(artifact));
        else
            await GetAsync(context, ArtifactPath.Clean(artifact));
    }

    /// <summary>An artifact as the page of a run links to it; any name will do.</summary>
    public async Task GetOfRunAsync(HttpContext context)
    {
        string id = context.Request.Query["run_id"].ToString();
        StoredRun run;
        lock (state)
            run = state.Run(id);
        if (store.Find($"{store.PathOf(run.ArtifactUri)}/{ArtifactPath.Clean(context.Request.Query["path"].ToString())}") is not { } artifact)
        {
            await Answers.PageAsync(context, state.Version == MlflowVersion.V2_17 ? 500 : 404);
            return;
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = artifact.Length;
        await using var content = File.OpenRead(artifact.File);
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task PutAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        bool isUnderFile = path.Split('/').Select((_, i) => string.Join('/', path.Split('/')[..i])).Any(parent => store.Find(parent) != null);
        if (isUnderFile)
        {
            await Answers.PageAsync(context, 500);
            return;
        }

        if (store.IsFolder(path))
            path += path[path.LastIndexOf('/')..];
        var body = RequestReader.LosesBody(context.Request, state.Version) ? Stream.Null : context.Request.Body;
        await store.SaveAsync(path, body, read => recorded.BodyLength += read, context.RequestAborted);
        await Answers.JsonAsync(context, "{}");
    }

    private async Task GetAsync(HttpContext context, string path)
    {
        if (store.IsFolder(path))
        {
            await Answers.PageAsync(context, 500);
            return;
        }

        var artifact = store.Find(path) ?? throw new ApiException(
            state.Version == MlflowVersion.V2_17 ? "INTERNAL_ERROR" : "RESOURCE_DOES_NOT_EXIST",
            $"The following failures occurred while downloading one or more artifacts from ./mlartifacts:\n##### File {path} #####\n"
                + $"No such artifact: '{path}'");

        string name = path[(path.LastIndexOf('/') + 1)..];
        if (!name.All(char.IsAscii))
        {
            // Neither server can put such a name into its Content-Disposition.
            if (state.Version == MlflowVersion.V2_17)
                context.Abort();
            else
                await Answers.WriteAsync(context, 500, "text/plain; charset=utf-8", "Internal Server Error");
            return;
        }

        context.Response.ContentType = _contentTypes.TryGetContentType(name, out string? type) ? type : "application/octet-stream";
        context.Response.Headers.ContentDisposition = $"attachment; filename={name}";
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await using var content = File.OpenRead(artifact.File);
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private async Task DeleteAsync(HttpContext context, string path)
    {
        store.Delete(path);
        await Answers.JsonAsync(context, "{}");
    }

    private Task ListAsync(HttpContext context)
    {
        string folder = ArtifactPath.Clean(context.Request.Query["path"].ToString());
        return Answers.JsonAsync(context, Answers.Serialize(Files(store.List(folder), "")));
    }

    private static Task RedirectAsync(HttpContext context, string path)
    {
        string url = UriHelper.BuildAbsolute(context.Request.Scheme, context.Request.Host, context.Request.PathBase, $"{Collection}/{path}");
        context.Response.Headers.Location = url;
        return Answers.PageAsync(context, 308);
    }

    private object ListOfRun(Message request)
    {
        var run = state.Run(RunJson.IdIn(request));
        string folder = ArtifactPath.Clean(request.Text("path"));
        string? root = store.PathOf(run.ArtifactUri);
        var found = root == null ? [] : store.List(folder.Length == 0 ? root : $"{root}/{folder}");
        return Files(found, folder.Length == 0 ? "" : folder + "/", run.ArtifactUri);
    }

    private static object Files(IReadOnlyList<(string Name, long? Length)> found, string prefix, string? rootUri = null)
    {
        // protobuf leaves out a size of 0.
        var files = found.Select(file =>
            new { path = prefix + file.Name, is_dir = file.Length == null, file_size = file.Length is 0 ? null : file.Length });
        return found.Count == 0 && rootUri == null ? Answers.Empty : new { root_uri = rootUri, files = found.Count == 0 ? null : files };
    }
}
