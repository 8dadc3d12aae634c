using System.Text.Json;

namespace Anovos.Mlflow.Http;

/// <summary>The capabilities that an MLflow server reports (<c>/api/3.0/mlflow/server-info</c>, 3.10 and later).</summary>
public sealed record ServerInfo
{
    /// <summary>A server without that endpoint, which has none of these capabilities.</summary>
    public static ServerInfo Older { get; } = new();

    /// <summary>The type of its tracking store, such as <c>SqlStore</c>; null for a server without the endpoint.</summary>
    public string? StoreType { get; init; }

    /// <summary>Whether it supports workspaces.</summary>
    public bool HasWorkspaces { get; init; }

    /// <summary>Whether large files can be uploaded directly to the bucket behind it (3.15 and later).</summary>
    public bool TakesParts { get; init; }

    /// <summary>Whether large files can be downloaded directly from the bucket behind it (3.15 and later).</summary>
    public bool GivesDirectDownloads { get; init; }

    /// <summary>Whether it presigns URLs for runs with an artifact root in a bucket (3.15 and later).</summary>
    public bool SignsUrls { get; init; }

    /// <summary>Reads a response; null if it is not from an MLflow server.</summary>
    internal static ServerInfo? Read(JsonElement json)
    {
        try
        {
            return json.Text("store_type") is not { Length: > 0 } store ? null : new ServerInfo
            {
                StoreType = SafeText.Of(store),
                HasWorkspaces = json.Flag("workspaces_enabled"),
                TakesParts = json.Flag("multipart_uploads_enabled"),
                GivesDirectDownloads = json.Flag("multipart_downloads_enabled"),
                SignsUrls = json.Flag("presigned_upload_run_id_supported"),
            };
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            return null;
        }
    }
}
