using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Google's storage under <c>/google/</c>, for one OAuth token: objects of the bucket <c>artifacts</c> by the XML API, lists by the JSON
/// API.
/// </summary>
internal sealed class GoogleStorage
{
    private const string Prefix = "/google/", Bucket = "artifacts/", Lists = "storage/v1/b/artifacts/o";
    private const int PageLength = 2;

    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    /// <summary>The token that is valid.</summary>
    public string Token { get; set; } = "";

    public static bool Holds(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(HttpContext context, string path)
    {
        HttpRequest request = context.Request;
        string rest = path[Prefix.Length..];
        if (Token.Length == 0 || request.Headers.Authorization != $"Bearer {Token}")
        {
            await ErrorAsync(context, 401, "AuthenticationRequired", "Authentication required.");
            return;
        }

        if (HttpMethods.IsGet(request.Method) && rest == Lists)
        {
            await Answers.JsonAsync(context, JsonSerializer.Serialize(List(request.Query)));
            return;
        }

        string key = rest.StartsWith(Bucket, StringComparison.Ordinal) ? Uri.UnescapeDataString(rest[Bucket.Length..]) : "";
        if (key.Length == 0)
        {
            await ErrorAsync(context, 404, "NoSuchBucket", "The specified bucket does not exist.");
        }
        else if (HttpMethods.IsPut(request.Method))
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, context.RequestAborted);
            _objects[key] = body.ToArray();
        }
        else if (HttpMethods.IsGet(request.Method) && _objects.TryGetValue(key, out byte[]? content))
        {
            context.Response.ContentLength = content.Length;
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
        }
        else
        {
            await ErrorAsync(context, 404, "NoSuchKey", "The specified key does not exist.");
        }
    }

    private object List(IQueryCollection query)
    {
        string prefix = query["prefix"].ToString();
        var below = _objects.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal))
            .OrderBy(item => item.Key, StringComparer.Ordinal)
            .Select(item => (Name: item.Key, Slash: item.Key.IndexOf('/', prefix.Length), item.Value.Length)).ToList();
        var entries = below.Select(item => item.Slash < 0 ? item : (Name: item.Name[..(item.Slash + 1)], item.Slash, Length: 0)).Distinct()
            .ToList();
        int first = int.TryParse(query["pageToken"].ToString(), out int token) ? token : 0;
        var page = entries.Skip(first).Take(PageLength).ToList();
        return new
        {
            kind = "storage#objects",
            prefixes = page.Where(entry => entry.Slash >= 0).Select(entry => entry.Name).Distinct(),
            items = page.Where(entry => entry.Slash < 0).Select(entry => new { name = entry.Name, size = $"{entry.Length}" }),
            nextPageToken = first + PageLength < entries.Count ? $"{first + PageLength}" : "",
        };
    }

    private static Task ErrorAsync(HttpContext context, int status, string code, string message) =>
        Answers.WriteAsync(context, status, "application/xml",
            $"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
}
