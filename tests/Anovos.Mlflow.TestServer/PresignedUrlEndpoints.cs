namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The endpoints of 3.17 for runs whose artifact root is a bucket. No run of this server has such a root, so they check a request
/// and refuse it.
/// </summary>
internal sealed class PresignedUrlEndpoints(TrackingState state)
{
    private const int LongestExpiration = 604_800;

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var run = FieldRule.Text("run_id", isRequired: true);
        var path = FieldRule.Text("path", isRequired: true);
        table["artifacts/presigned-upload-url"] = new("POST", request => Refuse(request, "upload", "", "a"), run, path);
        table["artifacts/presigned-download-url"] = new("POST", Download, run, path) { Changes = false };
    }

    private object Download(Message request)
    {
        long expiration = request.Has("expiration") ? request.Integer("expiration") : 300;
        if (expiration is < 1 or > LongestExpiration)
            throw ApiException.Invalid($"expiration must be between 1 and {LongestExpiration} seconds (got {expiration}).");
        return Refuse(request, "download", "runs with ", "a run with a");
    }

    private object Refuse(Message request, string direction, string what, string required)
    {
        _ = ArtifactPath.Clean(request.Text("path"), state.Version);
        string scheme = new Uri(state.Run(request.Text("run_id")).ArtifactUri).Scheme;
        if (scheme != "mlflow-artifacts")
            throw new ApiException("NOT_IMPLEMENTED", $"Presigned {direction} is not supported for the current artifact repository");
        throw ApiException.Invalid($"Presigned {direction} is not supported for {what}proxied artifact storage "
            + $"(artifact URI scheme: {scheme}). This endpoint requires {required} direct cloud storage artifact URI.");
    }
}
