using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Anovos.Mlflow.TestServer;

/// <summary>Sends an artifact in one of MLflow's two ways: as a stream, or as a file with a length and an ETag.</summary>
internal static class ArtifactDownload
{
    // MLflow serves the text formats that its UI shows as plain text.
    private static readonly FileExtensionContentTypeProvider ContentTypes = new() { Mappings = { [".csv"] = "text/plain" } };

    /// <summary>Sends the artifact without a length, and ignores ranges.</summary>
    public static async Task StreamAsync(HttpContext context, StoredArtifact artifact, string name, string disposition)
    {
        SetHeaders(context.Response, disposition);
        context.Response.ContentType = TypeOf(name);
        if (HttpMethods.IsHead(context.Request.Method))
            return;
        await using var content = File.OpenRead(artifact.File);
        await content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    /// <summary>Sends the artifact with a length, an ETag and the time of the last change.</summary>
    public static Task FileAsync(HttpContext context, StoredArtifact artifact, string name, bool takesRanges)
    {
        SetHeaders(context.Response, Disposition(name));
        var file = TypedResults.PhysicalFile(
            artifact.File,
            TypeOf(name),
            lastModified: File.GetLastWriteTimeUtc(artifact.File),
            entityTag: new EntityTagHeaderValue($"\"{artifact.Sha256[..32]}\""),
            enableRangeProcessing: takesRanges);
        return file.ExecuteAsync(context);
    }

    /// <summary>A name that is not ASCII is sent twice: without its accents, and encoded.</summary>
    public static string Disposition(string name)
    {
        if (name.All(char.IsAscii))
            return $"attachment; filename={Quoted(name)}";
        string ascii = string.Concat(name.Normalize(NormalizationForm.FormKD).Where(char.IsAscii));
        return $"attachment; filename={Quoted(ascii)}; filename*=UTF-8''{Uri.EscapeDataString(name)}";
    }

    private static void SetHeaders(HttpResponse response, string disposition)
    {
        response.Headers.ContentDisposition = disposition;
        response.Headers.XContentTypeOptions = "nosniff";
    }

    private static string TypeOf(string name) => ContentTypes.TryGetContentType(name, out string? type) ? type : "application/octet-stream";

    private static string Quoted(string name) => name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c))
        ? name
        : $"\"{name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
