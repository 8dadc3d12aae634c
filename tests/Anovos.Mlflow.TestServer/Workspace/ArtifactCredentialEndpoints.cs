using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Credentials for artifacts of runs and logged models: <c>/api/2.0/mlflow/artifacts/credentials-for-…</c>,
/// <c>/api/2.0/mlflow/logged-models/{id}/artifacts/credentials-for-…</c>, and the multipart uploads to S3.
/// </summary>
internal sealed class ArtifactCredentialEndpoints(WorkspaceOptions options, TrackingState state, ArtifactStore store, CloudStorage storage)
    : IWorkspaceEndpoints
{
    private const string Prefix = "/api/2.0/mlflow/artifacts/", Models = "/api/2.0/mlflow/logged-models/";
    private const int MaximumPaths = 2000;

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path.StartsWith(Models, StringComparison.Ordinal) && path.Split("/artifacts/") is [var owner, var asked])
        {
            string id = owner[Models.Length..];
            await Answers.JsonAsync(context, Answers.Serialize(asked == "directories"
                ? List(context.Request, RootOf(id), "artifact_directory_path")
                : OfModel(context.Request, recorded, id, asked)));
            return true;
        }

        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        string action = path[Prefix.Length..];
        if (action == "list")
        {
            await Answers.JsonAsync(context,
                Answers.Serialize(List(context.Request, RootOf(context.Request.Query["run_id"].ToString()), "path")));
            return true;
        }

        using var json = JsonDocument.Parse(recorded.Body);
        var body = json.RootElement;
        object answer = action switch
        {
            "credentials-for-write" or "credentials-for-read" => Credentials(context.Request, body, action),
            "create-multipart-upload" => CreateMultipart(context.Request, body),
            "get-presigned-upload-part-url" =>
                new
                {
                    upload_credential_info = Part(context.Request, body, Text(body, "upload_id"),
                    body.GetProperty("part_number").GetInt32())
                },
            "complete-multipart-upload" => await CompleteMultipartAsync(body),
            _ => throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for 'POST {path}'"),
        };
        await Answers.JsonAsync(context, JsonSerializer.Serialize(answer));
        return true;
    }

    // Returns the location of an artifact.
    private static string KeyOf(string root, string path) => $"{root[DatabricksWorkspace.ArtifactRoot.Length..]}/{path}".TrimEnd('/');

    private object OfModel(HttpRequest request, RecordedRequest recorded, string id, string action)
    {
        using var json = JsonDocument.Parse(recorded.Body);
        if (action is not ("credentials-for-upload" or "credentials-for-download"))
            throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for '{request.Method} {request.Path}'");
        string root = RootOf(id);
        string[] paths = [.. json.RootElement.GetProperty("paths").EnumerateArray().Select(path => path.GetString()!)];
        return new
        {
            credentials = paths.Select(path => new
            {
                model_id = id,
                credential_info = Info(path, Address(request, KeyOf(root, path), action == "credentials-for-upload"), id),
            }),
        };
    }

    private string Address(HttpRequest request, string key, bool writes) =>
        options.SignAddress?.Invoke(key, writes) ?? storage.Sign(request, key);

    private object Credentials(HttpRequest request, JsonElement body, string action)
    {
        string root = RootOf(Text(body, "run_id"));
        string[] paths = [.. body.GetProperty("path").EnumerateArray().Select(path => path.GetString()!)];
        if (paths.Length > MaximumPaths)
            throw new ApiException("INVALID_PARAMETER_VALUE", $"At most {MaximumPaths} paths may be asked for, not {paths.Length}");

        // Two pages if there is more than one path.
        int first = body.TryGetProperty("page_token", out var token)
            ? int.Parse(token.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : 0;
        int count = first > 0 || paths.Length < 2 ? paths.Length - first : (paths.Length + 1) / 2;
        var infos = paths.Skip(first).Take(count)
            .Select(path => Info(path, Address(request, KeyOf(root, path), action == "credentials-for-write"), Text(body, "run_id")));
        return first + count < paths.Length
            ? new
            {
                credential_infos = infos,
                next_page_token = (first + count).ToString(System.Globalization.CultureInfo.InvariantCulture)
            }
            : new { credential_infos = infos };
    }

    private object CreateMultipart(HttpRequest request, JsonElement body)
    {
        string id = Guid.NewGuid().ToString("N");
        storage.Begin(id);
        string root = RootOf(Text(body, "run_id"));
        return new
        {
            upload_id = id,
            upload_credential_infos = Enumerable.Range(1, body.GetProperty("num_parts").GetInt32())
                .Select(part => Part(request, body, id, part)),
            abort_credential_info = Info(Text(body, "path"), storage.Sign(request, KeyOf(root, Text(body, "path")), $"&uploadId={id}"),
                Text(body, "run_id")),
        };
    }

    private object Part(HttpRequest request, JsonElement body, string id, int part)
    {
        string key = KeyOf(RootOf(Text(body, "run_id")), Text(body, "path"));
        return Info(Text(body, "path"), storage.Sign(request, key, $"&uploadId={id}&partNumber={part}"), Text(body, "run_id"));
    }

    private async Task<object> CompleteMultipartAsync(JsonElement body)
    {
        var parts = body.GetProperty("part_etags").EnumerateArray()
            .Select(part =>
            (part.GetProperty("part_number").GetInt32().ToString(System.Globalization.CultureInfo.InvariantCulture),
                part.GetProperty("etag").GetString()!));
        string? refusal = await storage.CompleteAsync(Text(body, "upload_id"), KeyOf(RootOf(Text(body, "run_id")), Text(body, "path")),
            [.. parts]);
        return refusal is null ? Answers.Empty : throw new ApiException("INVALID_PARAMETER_VALUE", refusal);
    }

    private object Info(string path, string address, string owner) => new
    {
        run_id = owner,
        path,
        signed_uri = address,
        type = options.Cloud switch
        {
            CloudKind.AzureBlob => "AZURE_SAS_URI",
            CloudKind.AzureDataLake => "AZURE_ADLS_GEN2_SAS_URI",
            CloudKind.Aws => "AWS_PRESIGNED_URL",
            _ => "GCP_SIGNED_URL"
        },
        headers = options.SignedHeaders.Select(header => new { name = header.Key, value = header.Value })
            .Concat(options.Cloud == CloudKind.Google ? [new { name = "x-goog-content-length-range", value = "0,1099511627776" }] : []),
    };

    private object List(HttpRequest request, string root, string field)
    {
        string folder = request.Query[field].ToString();
        string prefix = folder.Length == 0 ? "" : folder + "/";
        var files = store.List(KeyOf(root, folder))
            .Select(file => new { path = prefix + file.Name, is_dir = file.Length is null, file_size = file.Length }).ToArray();
        return files.Length == 0 ? new { root_uri = root } : new { root_uri = root, files };
    }

    private string RootOf(string id)
    {
        lock (state)
            return state.LoggedModels.TryGetValue(id, out var model) ? model.ArtifactUri : state.Run(id).ArtifactUri;
    }

    private static string Text(JsonElement body, string name) => body.GetProperty(name).GetString()!;
}
