using Microsoft.AspNetCore.StaticFiles;

namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of 3.17 that sign URLs for runs whose artifact root is a bucket. They reject other runs.</summary>
internal sealed class PresignedUrlEndpoints(TrackingState state, SignedBucket? bucket)
{
    private const int LongestExpiration = 604_800;

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var run = FieldRule.Text("run_id", isRequired: true);
        var path = FieldRule.Text("path", isRequired: true);
        table["artifacts/presigned-upload-url"] = new("POST", Upload, run, path);
        table["artifacts/presigned-download-url"] = new("POST", Download, run, path) { Changes = false };
    }

    private object Upload(Message request)
    {
        string key = Key(request, "upload", "", "a");
        string type = ContentTypes.TryGetContentType(key, out string? known) ? known : "application/octet-stream";
        long expiration = request.Has("expiration") ? request.Integer("expiration") : 900;
        return new
        {
            presigned_url = bucket!.Sign("PUT", key, expiration, contentType: type),
            headers = new Dictionary<string, string> { ["Content-Type"] = type },
        };
    }

    private object Download(Message request)
    {
        long expiration = request.Has("expiration") ? request.Integer("expiration") : 300;
        if (expiration is < 1 or > LongestExpiration)
            throw ApiException.Invalid($"expiration must be between 1 and {LongestExpiration} seconds (got {expiration}).");
        string key = Key(request, "download", "runs with ", "a run with a");
        long length = bucket!.LengthOf(key) ?? throw ApiException.NotFound("Not Found");
        string disposition = Uri.EscapeDataString($"attachment; filename=\"{Path.GetFileName(key)}\"");
        return new
        {
            presigned_url = bucket.Sign("GET", key, expiration, $"?response-content-disposition={disposition}"),
            file_size = length is 0 ? (long?)null : length,
        };
    }

    private string Key(Message request, string direction, string what, string required)
    {
        string path = ArtifactPath.Clean(request.Text("path"), state.Version);
        var root = new Uri(state.Run(request.Text("run_id")).ArtifactUri);
        if (root.Scheme != "mlflow-artifacts" && bucket is not null)
            return $"{Uri.UnescapeDataString(root.AbsolutePath).Trim('/')}/{path}";
        if (root.Scheme != "mlflow-artifacts")
            throw new ApiException("NOT_IMPLEMENTED", $"Presigned {direction} is not supported for the current artifact repository");
        throw ApiException.Invalid($"Presigned {direction} is not supported for {what}proxied artifact storage "
            + $"(artifact URI scheme: {root.Scheme}). This endpoint requires {required} direct cloud storage artifact URI.");
    }
}
