using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>The Databricks file system, <c>/api/2.0/dbfs</c>.</summary>
internal sealed class DbfsEndpoints(ArtifactStore store) : IWorkspaceEndpoints
{
    private const string Prefix = "/api/2.0/dbfs/";
    private const int LargestBlock = 1 << 20;

    private readonly ConcurrentDictionary<long, (string Path, MemoryStream Content)> _open = new();
    private long _handles;

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        if (recorded.BodyLength > LargestBlock)
            throw new ApiException("MAX_REQUEST_SIZE_EXCEEDED", "The request is longer than 1 MB");
        using var json = JsonDocument.Parse(recorded.Body.Length == 0 ? "{}"u8.ToArray() : recorded.Body);
        var body = json.RootElement;
        object answer = path[Prefix.Length..] switch
        {
            "create" => Create(body),
            "add-block" => AddBlock(body),
            "close" => await CloseAsync(body),
            "list" => List(context.Request.Query["path"].ToString()),
            "read" => Read(context.Request.Query),
            _ => throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for '{path}'"),
        };
        await Answers.JsonAsync(context, JsonSerializer.Serialize(answer));
        return true;
    }

    private static string KeyOf(string path) => $"dbfs{path}";

    private object Create(JsonElement body)
    {
        string path = body.GetProperty("path").GetString()!;
        if (store.Find(KeyOf(path)) is not null && !body.GetProperty("overwrite").GetBoolean())
            throw new ApiException("RESOURCE_ALREADY_EXISTS", $"{path} already exists");
        long handle = Interlocked.Increment(ref _handles);
        _open[handle] = (path, new MemoryStream());
        return new { handle };
    }

    private object AddBlock(JsonElement body)
    {
        byte[] block = body.GetProperty("data").GetBytesFromBase64();
        var stream = Open(body).Content;
        lock (stream)
            stream.Write(block);
        return Answers.Empty;
    }

    private async Task<object> CloseAsync(JsonElement body)
    {
        var (path, content) = Open(body);
        _open.TryRemove(body.GetProperty("handle").GetInt64(), out _);
        content.Position = 0;
        await store.SaveAsync(KeyOf(path), content, _ => { }, CancellationToken.None);
        return Answers.Empty;
    }

    private object List(string path)
    {
        if (store.Find(KeyOf(path)) is { } file)
            return new { files = new[] { new { path, is_dir = false, file_size = file.Length } } };
        var found = store.List(KeyOf(path));
        return found.Count == 0
            ? throw new ApiException("RESOURCE_DOES_NOT_EXIST", $"No file or directory exists on path {path}.")
            : new { files = found.Select(entry => new { path = $"{path}/{entry.Name}", is_dir = entry.Length is null, file_size = entry.Length ?? 0 }) };
    }

    private object Read(IQueryCollection query)
    {
        string path = query["path"].ToString();
        var file = store.Find(KeyOf(path)) ?? throw new ApiException("RESOURCE_DOES_NOT_EXIST", $"No file or directory exists on path {path}.");
        int length = int.Parse(query["length"].ToString(), System.Globalization.CultureInfo.InvariantCulture);
        if (length > LargestBlock)
            throw new ApiException("MAX_READ_SIZE_EXCEEDED", "At most 1 MB is read at once");
        byte[] block = [.. file.Bytes.Skip(int.Parse(query["offset"].ToString(), System.Globalization.CultureInfo.InvariantCulture)).Take(length)];
        return new { bytes_read = block.Length, data = Convert.ToBase64String(block) };
    }

    private (string Path, MemoryStream Content) Open(JsonElement body) =>
        _open.TryGetValue(body.GetProperty("handle").GetInt64(), out var open) ? open : throw new ApiException("RESOURCE_DOES_NOT_EXIST", "No stream exists for that handle");
}
