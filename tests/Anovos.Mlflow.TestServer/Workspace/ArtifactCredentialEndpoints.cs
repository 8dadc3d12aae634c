using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>Permissions for artifacts of runs: <c>/api/2.0/mlflow/artifacts/credentials-for-…</c> and the uploads in parts to S3.</summary>
internal sealed class ArtifactCredentialEndpoints(WorkspaceOptions options, TrackingState state, ArtifactStore store, CloudStorage storage) : IWorkspaceEndpoints
{
    private const string Prefix = "/api/2.0/mlflow/artifacts/";
    private const int MaximumPaths = 2000;

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        string action = path[Prefix.Length..];
        if (action == "list")
        {
            await Answers.JsonAsync(context, Answers.Serialize(List(context.Request)));
            return true;
        }

        using var json = JsonDocument.Parse(recorded.Body);
        var body = json.RootElement;
        object answer = action switch
        {
            "credentials-for-write" or "credentials-for-read" => Credentials(context.Request, body, action),
            "create-multipart-upload" => CreateMultipart(context.Request, body),
            "get-presigned-upload-part-url" => new { upload_credential_info = Part(context.Request, body, Text(body, "upload_id"), body.GetProperty("part_number").GetInt32()) },
            "complete-multipart-upload" => await CompleteMultipartAsync(body),
            _ => throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for 'POST {path}'"),
        };
        await Answers.JsonAsync(context, JsonSerializer.Serialize(answer));
        return true;
    }

    /// <summary>Where an artifact of a run is kept.</summary>
    public static string KeyOf(StoredRun run, string path) => $"{run.ArtifactUri[DatabricksWorkspace.ArtifactRoot.Length..]}/{path}".TrimEnd('/');

    private object Credentials(HttpRequest request, JsonElement body, string action)
    {
        var run = RunOf(body);
        string[] paths = [.. body.GetProperty("path").EnumerateArray().Select(path => path.GetString()!)];
        if (paths.Length > MaximumPaths)
            throw new ApiException("INVALID_PARAMETER_VALUE", $"At most {MaximumPaths} paths may be asked for, not {paths.Length}");

        // Two pages, where there is more than one path.
        int first = body.TryGetProperty("page_token", out var token) ? int.Parse(token.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : 0;
        int count = first > 0 || paths.Length < 2 ? paths.Length - first : (paths.Length + 1) / 2;
        var infos = paths.Skip(first).Take(count).Select(path => Info(path, options.SignAddress?.Invoke(KeyOf(run, path), action == "credentials-for-write") ?? storage.Sign(request, KeyOf(run, path)), run));
        return first + count < paths.Length
            ? new { credential_infos = infos, next_page_token = (first + count).ToString(System.Globalization.CultureInfo.InvariantCulture) }
            : new { credential_infos = infos };
    }

    private object CreateMultipart(HttpRequest request, JsonElement body)
    {
        string id = Guid.NewGuid().ToString("N");
        storage.Begin(id);
        var run = RunOf(body);
        return new
        {
            upload_id = id,
            upload_credential_infos = Enumerable.Range(1, body.GetProperty("num_parts").GetInt32()).Select(part => Part(request, body, id, part)),
            abort_credential_info = Info(Text(body, "path"), storage.Sign(request, KeyOf(run, Text(body, "path")), $"&uploadId={id}"), run),
        };
    }

    private object Part(HttpRequest request, JsonElement body, string id, int part)
    {
        var run = RunOf(body);
        return Info(Text(body, "path"), storage.Sign(request, KeyOf(run, Text(body, "path")), $"&uploadId={id}&partNumber={part}"), run);
    }

    private async Task<object> CompleteMultipartAsync(JsonElement body)
    {
        var parts = body.GetProperty("part_etags").EnumerateArray().Select(part => (part.GetProperty("part_number").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture), part.GetProperty("etag").GetString()!));
        string? refusal = await storage.CompleteAsync(Text(body, "upload_id"), KeyOf(RunOf(body), Text(body, "path")), [.. parts]);
        return refusal is null ? Answers.Empty : throw new ApiException("INVALID_PARAMETER_VALUE", refusal);
    }

    private object Info(string path, string address, StoredRun run) => new
    {
        run_id = run.RunId,
        path,
        signed_uri = address,
        type = options.Cloud switch { CloudKind.AzureBlob => "AZURE_SAS_URI", CloudKind.AzureDataLake => "AZURE_ADLS_GEN2_SAS_URI", CloudKind.Aws => "AWS_PRESIGNED_URL", _ => "GCP_SIGNED_URL" },
        headers = options.Cloud == CloudKind.Google ? new[] { new { name = "x-goog-content-length-range", value = "0,1099511627776" } } : [],
    };

    private object List(HttpRequest request)
    {
        StoredRun run;
        lock (state)
            run = state.Run(request.Query["run_id"].ToString());
        string folder = request.Query["path"].ToString();
        string prefix = folder.Length == 0 ? "" : folder + "/";
        var files = store.List(KeyOf(run, folder)).Select(file => new { path = prefix + file.Name, is_dir = file.Length is null, file_size = file.Length }).ToArray();
        return files.Length == 0 ? new { root_uri = run.ArtifactUri } : new { root_uri = run.ArtifactUri, files };
    }

    private StoredRun RunOf(JsonElement body)
    {
        lock (state)
            return state.Run(Text(body, "run_id"));
    }

    private static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;
}
