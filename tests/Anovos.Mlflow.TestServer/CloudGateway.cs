using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// A proxy in front of a cloud store. It forwards the target and the Host header unchanged, so that signatures stay valid, records every
/// request, and rejects those that a test selects. s3rver cannot list unfinished uploads or copy parts, so the gateway does both for it.
/// </summary>
public sealed class CloudGateway : IAsyncDisposable
{
    private readonly WebApplication _app = KestrelHost.Build(null, null);
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly Uri _store;
    private readonly bool _isS3rver;
    private readonly ConcurrentDictionary<(string Upload, int Part), (long Length, string ETag)> _parts = new();
    private readonly ConcurrentDictionary<string, string> _uploads = new();

    private long _bytes;

    private CloudGateway(Uri store, bool isS3rver) => (_store, _isS3rver) = (store, isS3rver);

    /// <summary>Its address.</summary>
    public Uri Uri { get; private set; } = null!;

    /// <summary>
    /// All requests, such as <c>PUT /path?query</c>, with <c> from /path</c> for a copy and <c> of bytes 0-9/10</c> for the copy of a part.
    /// Token requests are not included, and are never rejected.
    /// </summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The number of bytes of all bodies, in both directions.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Returns the status to respond with instead of forwarding a request; null to forward it.</summary>
    public Func<string, int?> Refuse { get; set; } = _ => null;

    /// <summary>Starts a gateway in front of a store.</summary>
    public static async Task<CloudGateway> StartAsync(Uri store, bool isS3rver)
    {
        var gateway = new CloudGateway(store, isS3rver);
        gateway._app.Run(gateway.HandleAsync);
        await gateway._app.StartAsync();
        gateway.Uri = new Uri(gateway._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return gateway;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        string target = context.Request.Path.ToUriComponent() + context.Request.QueryString, request = $"{context.Request.Method} {target}";
        // s3rver does not find a source with encoded slashes, as Amazon's SDK sends them.
        if (_isS3rver && context.Request.Headers.TryGetValue("x-amz-copy-source", out var encoded))
            context.Request.Headers["x-amz-copy-source"] = string.Join('/', Uri.UnescapeDataString(encoded!).Split('/').Select(Uri.EscapeDataString));
        string? from = context.Request.Headers["x-amz-copy-source"].FirstOrDefault() ?? context.Request.Headers["x-ms-copy-source"].FirstOrDefault();
        if (from is not null)
            request += $" from {from.Split('?')[0]}";
        if (context.Request.Method == "POST" && context.Request.Path.Value!.Split("/rewriteTo/") is [var source, _])
            request += $" from {source}";
        if (context.Request.Headers.ContentRange.FirstOrDefault() is { } range)
            request += $" of {range}";
        bool isToken = target == "/token";
        if (!isToken)
            Requests.Enqueue(request);
        byte[] body = await ReadAsync(context.Request);
        Interlocked.Add(ref _bytes, body.Length);
        if (!isToken && Refuse(request) is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        IQueryCollection query = context.Request.Query;
        if (_isS3rver && context.Request.Method == "GET" && query.ContainsKey("uploads"))
        {
            await context.Response.WriteAsync($"<ListMultipartUploadsResult>{string.Concat(_uploads.Select(upload => $"<Upload><Key>{upload.Value}</Key><UploadId>{upload.Key}</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>"))}</ListMultipartUploadsResult>");
            return;
        }

        if (_isS3rver && context.Request.Method == "GET" && query.TryGetValue("uploadId", out var id))
        {
            await context.Response.WriteAsync($"<ListPartsResult>{string.Concat(_parts.Where(part => part.Key.Upload == id).Select(part => $"<Part><PartNumber>{part.Key.Part}</PartNumber><ETag>\"{part.Value.ETag}\"</ETag><Size>{part.Value.Length}</Size></Part>"))}</ListPartsResult>");
            return;
        }

        bool copies = _isS3rver && context.Request.Headers.ContainsKey("x-amz-copy-source");
        bool copiesPart = copies && query.ContainsKey("uploadId");
        if (copiesPart)
        {
            using HttpResponseMessage part = await AskAsync(HttpMethod.Get, "/" + context.Request.Headers["x-amz-copy-source"].ToString().TrimStart('/'), context.Request);
            if (!part.IsSuccessStatusCode || part.Headers.ETag?.Tag != context.Request.Headers["x-amz-copy-source-if-match"])
            {
                context.Response.StatusCode = part.IsSuccessStatusCode ? 412 : (int)part.StatusCode;
                return;
            }

            body = await part.Content.ReadAsByteArrayAsync();
            foreach (string name in context.Request.Headers.Keys.Where(name => name.StartsWith("x-amz-copy-") || name == "x-amz-content-sha256").ToList())
                context.Request.Headers.Remove(name);
            context.Request.Headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
            context.Request.ContentLength = body.Length;
        }
        else if (copies)
        {
            // s3rver keeps the old ETag of a replaced object.
            (await AskAsync(HttpMethod.Delete, target, context.Request)).Dispose();
        }

        HttpRequestMessage copy = ToRequest(context.Request, context.Features.Get<IHttpRequestFeature>()!.RawTarget, body);
        using HttpResponseMessage answer = await _http.SendAsync(copy, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        if (copiesPart && answer.IsSuccessStatusCode)
        {
            await context.Response.WriteAsync($"<CopyPartResult><ETag>{answer.Headers.ETag}</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></CopyPartResult>");
            return;
        }

        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Connection")))
            context.Response.Headers[name] = values.ToArray();
        if (_isS3rver && query.ContainsKey("uploads"))
        {
            string started = await answer.Content.ReadAsStringAsync();
            _uploads[started.Split("<UploadId>")[1].Split('<')[0]] = Uri.UnescapeDataString(string.Join('/', context.Request.Path.Value!.Split('/')[2..]));
            await context.Response.WriteAsync(started);
            return;
        }

        if (_isS3rver && answer.IsSuccessStatusCode && query.TryGetValue("uploadId", out var passed))
        {
            if (context.Request.Method == "PUT")
                _parts[(passed!, int.Parse(query["partNumber"]!))] = (body.Length, Convert.ToHexStringLower(MD5.HashData(body)));
            else
                _uploads.TryRemove(passed!, out _);
        }

        if (context.Request.Method != "HEAD" && answer.StatusCode != System.Net.HttpStatusCode.NotModified)
        {
            byte[] content = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
            Interlocked.Add(ref _bytes, content.Length);
            await context.Response.Body.WriteAsync(content, context.RequestAborted);
        }
    }

    // Sends a separate request with the credentials of a received one: s3rver does not check signatures.
    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string target, HttpRequest from)
    {
        using HttpRequestMessage question = new(method, new Uri(_store, target));
        foreach (string name in new[] { "Authorization", "x-amz-date", "x-amz-content-sha256" })
            question.Headers.TryAddWithoutValidation(name, from.Headers[name].ToString());
        if (from.Headers.TryGetValue("x-amz-copy-source-range", out var range))
            question.Headers.TryAddWithoutValidation("Range", range.ToString());
        question.Headers.Host = from.Host.Value;
        return await _http.SendAsync(question);
    }

    private HttpRequestMessage ToRequest(HttpRequest from, string target, byte[] body)
    {
        var asItCame = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var address = new Uri(_store.GetLeftPart(UriPartial.Authority) + target, asItCame);
        var request = new HttpRequestMessage(new HttpMethod(from.Method), address);
        if (body.Length > 0 || from.ContentLength is not null)
            request.Content = new ByteArrayContent(body);
        foreach (var (name, values) in from.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
        }

        request.Headers.Host = from.Host.Value;
        return request;
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var memory = new MemoryStream();
        await request.Body.CopyToAsync(memory, request.HttpContext.RequestAborted);
        return memory.ToArray();
    }
}
