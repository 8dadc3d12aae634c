using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Anovos.Mlflow.TestServer;

/// <summary>The artifact proxy under <c>/api/2.0/mlflow-artifacts/</c>, and the list of a run's artifacts.</summary>
internal sealed class ArtifactEndpoints(TrackingState state, ArtifactStore store, MultipartEndpoints? multipart, SignedBucket? bucket)
{
    private const string Collection = "/api/2.0/mlflow-artifacts/artifacts";
    private const string Presigned = "/api/2.0/mlflow-artifacts/presigned/";

    private bool IsServedByFastApi => state.Version >= MlflowVersion.V3_17;

    public void AddTo(Dictionary<string, Endpoint> table) => table["artifacts/list"] = new("GET", ListOfRun);

    /// <summary>Returns the path of an artifact in a request's path; null if the request is not about an artifact.</summary>
    public static string? PathOf(string path) =>
        path.StartsWith(Collection + "/", StringComparison.Ordinal) ? Uri.UnescapeDataString(path[(Collection.Length + 1)..]) : null;

    public async Task HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (bucket != null)
        {
            await Answers.TextAsync(context, 503, $"Endpoint: {path} disabled due to the mlflow server running in `--no-serve-artifacts` "
                + "mode. To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`");
            return;
        }

        if (path.StartsWith("/api/2.0/mlflow-artifacts/mpu/", StringComparison.Ordinal))
        {
            await (multipart ?? throw new ApiException("NOT_IMPLEMENTED", "Multipart upload is not supported for the current artifact repository")).HandleAsync(context, recorded, path);
            return;
        }

        if (path.StartsWith(Presigned, StringComparison.Ordinal) && state.Version >= MlflowVersion.V3_11)
            await PresignAsync(context, ArtifactPath.Clean(path[Presigned.Length..], state.Version));
        else if (path == Collection && HttpMethods.IsGet(context.Request.Method))
            await ListAsync(context);
        else if (PathOf(path) is not { } artifact || artifact.Contains('\n', StringComparison.Ordinal))
            await Answers.PageAsync(context, 404);
        else if (artifact.StartsWith('/') && !IsServedByFastApi)
            await RedirectAsync(context, artifact.TrimStart('/'));
        else if (HttpMethods.IsPut(context.Request.Method))
            await PutAsync(context, recorded, ArtifactPath.Clean(artifact, state.Version));
        else if (HttpMethods.IsDelete(context.Request.Method))
            await DeleteAsync(context, ArtifactPath.Clean(artifact, state.Version));
        else
            await GetAsync(context, ArtifactPath.Clean(artifact, state.Version));
    }

    /// <summary>Sends an artifact as the page of a run links to it. Any name is allowed.</summary>
    public async Task GetOfRunAsync(HttpContext context)
    {
        var query = context.Request.Query;
        string id = (query.ContainsKey("run_id") ? query["run_id"] : query["run_uuid"]).ToString();
        string path = ArtifactPath.Clean(query["path"].ToString(), state.Version);
        StoredRun run;
        lock (state)
            run = state.Run(id);
        if (store.Find($"{store.PathOf(run.ArtifactUri)}/{path}") is { } artifact)
            await SendFromFlaskAsync(context, artifact, NameOf(path));
        else
            await Answers.PageAsync(context, state.Version == MlflowVersion.V2_17 ? 500 : 404);
    }

    private async Task PutAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        bool isUnderFile = path.Split('/').Select((_, i) => string.Join('/', path.Split('/')[..i])).Any(parent => store.Find(parent) != null);
        if (isUnderFile || (IsServedByFastApi && store.IsFolder(path)))
        {
            await (IsServedByFastApi ? Answers.PlainTextAsync(context, 500, "Internal Server Error") : Answers.PageAsync(context, 500));
            return;
        }

        if (store.IsFolder(path))
            path += path[path.LastIndexOf('/')..];
        var body = !IsServedByFastApi && RequestReader.LosesBody(context.Request, state.Version) ? Stream.Null : context.Request.Body;
        await store.SaveAsync(path, body, read => recorded.BodyLength += read, context.RequestAborted);
        if (!IsServedByFastApi)
            await Answers.JsonAsync(context, "{}");
    }

    private async Task GetAsync(HttpContext context, string path)
    {
        if (store.IsFolder(path))
        {
            string detail = $"Artifact path refers to a directory, not a file: '{path}'";
            await (IsServedByFastApi
                ? Answers.WriteAsync(context, 400, "application/json", JsonSerializer.Serialize(new { detail }))
                : Answers.PageAsync(context, 500));
            return;
        }

        var artifact = store.Find(path) ?? throw Missing(path);
        string name = NameOf(path);
        if (IsServedByFastApi)
            await SendFromFastApiAsync(context, artifact, name);
        else if (name.Any(char.IsControl) && state.Version == MlflowVersion.V2_17)
            await Answers.PageAsync(context, 400);
        else if (name.All(char.IsAscii))
            await ArtifactDownload.StreamAsync(context, artifact, name, $"attachment; filename={name}");
        else if (state.Version == MlflowVersion.V2_17)
            context.Abort(); // Neither 2.17 nor 3.11 can put such a name into Content-Disposition.
        else
            await Answers.PlainTextAsync(context, 500, "Internal Server Error");
    }

    // FastAPI has no route for HEAD, and cannot send a file from a bucket.
    private Task SendFromFastApiAsync(HttpContext context, StoredArtifact artifact, string name) =>
        HttpMethods.IsHead(context.Request.Method) ? SendFromFlaskAsync(context, artifact, name)
        : multipart == null ? ArtifactDownload.FileAsync(context, artifact, name, takesRanges: true)
        : ArtifactDownload.StreamAsync(context, artifact, name, ArtifactDownload.Disposition(name));

    private Task PresignAsync(HttpContext context, string path)
    {
        if (multipart == null)
            throw new ApiException("NOT_IMPLEMENTED", "Multipart download is not supported for the current artifact repository");
        var artifact = store.Find(path) ?? throw ApiException.NotFound("Not Found");
        var body = new { url = multipart.UrlOf(context.Request, path), headers = Answers.Empty, file_size = artifact.Length };
        return Answers.JsonAsync(context, Answers.Serialize(body));
    }

    private Task SendFromFlaskAsync(HttpContext context, StoredArtifact artifact, string name)
    {
        context.Response.Headers.CacheControl = "no-cache";
        return ArtifactDownload.FileAsync(context, artifact, name, takesRanges: IsServedByFastApi);
    }

    private ApiException Missing(string path)
    {
        string message = $"No such artifact: '{path}'";
        string failures = "The following failures occurred while downloading one or more artifacts from ./mlartifacts:\n"
            + $"##### File {path} #####\n";
        return state.Version switch
        {
            MlflowVersion.V2_17 => new ApiException("INTERNAL_ERROR", failures + message),
            MlflowVersion.V3_11 => ApiException.NotFound(failures + message),
            _ => ApiException.NotFound(message),
        };
    }

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private async Task DeleteAsync(HttpContext context, string path)
    {
        store.Delete(path);
        await Answers.JsonAsync(context, "{}");
    }

    private Task ListAsync(HttpContext context)
    {
        string folder = ArtifactPath.Clean(context.Request.Query["path"].ToString(), state.Version);
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
        string folder = ArtifactPath.Clean(request.Text("path"), state.Version);
        if (bucket != null)
        {
            string place = Uri.UnescapeDataString(new Uri(run.ArtifactUri).AbsolutePath).Trim('/');
            var entries = bucket.List(folder.Length == 0 ? place : $"{place}/{folder}");
            return Files(entries, folder.Length == 0 ? "" : folder + "/", run.ArtifactUri);
        }

        string? root = store.PathOf(run.ArtifactUri);
        var found = root == null ? [] : store.List(folder.Length == 0 ? root : $"{root}/{folder}");
        return Files(found, folder.Length == 0 ? "" : folder + "/", run.ArtifactUri);
    }

    private static object Files(IReadOnlyList<(string Name, long? Length)> found, string prefix, string? rootUri = null)
    {
        // protobuf omits a size of 0.
        var files = found.Select(file =>
            new { path = prefix + file.Name, is_dir = file.Length == null, file_size = file.Length is 0 ? null : file.Length });
        return found.Count == 0 && rootUri == null ? Answers.Empty : new { root_uri = rootUri, files = found.Count == 0 ? null : files };
    }
}
