using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>What happens to a request in the server's place: it gets the request and the server's own handling of it.</summary>
public delegate Task Fault(HttpContext context, Func<Task> handle);

/// <summary>The faults that tests need most.</summary>
public static class Faults
{
    /// <summary>The request is not handled; this is the answer.</summary>
    public static Fault Answer(
        int status, string body = "", string contentType = "application/json", params (string Name, string Value)[] headers) =>
        async (context, _) =>
        {
            foreach (var (name, value) in headers)
                context.Response.Headers[name] = value;
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            await context.Response.WriteAsync(body);
        };

    /// <summary>503 with MLflow's JSON; with <c>Retry-After</c> in seconds, if given.</summary>
    public static Fault Unavailable(int? retryAfter = null) => Answer(
        503,
        """{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "The service is not available."}""",
        headers: retryAfter is { } seconds ? [("Retry-After", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture))] : []);

    /// <summary>The HTML page of a proxy that could not reach the server.</summary>
    public static Fault ProxyPage(int status = 502) => Answer(
        status, $"<html>\r\n<head><title>{status}</title></head>\r\n<body><h1>{status}</h1><hr>nginx</body>\r\n</html>\r\n", "text/html");

    /// <summary>A redirect to another place; the request is not handled.</summary>
    public static Fault Redirect(Uri location, int status = 307) =>
        Answer(status, "", "text/html", ("Location", location.OriginalString));

    /// <summary>The request is handled, later.</summary>
    public static Fault Delay(TimeSpan delay) => async (context, handle) =>
    {
        await Task.Delay(delay, context.RequestAborted);
        await handle();
    };

    /// <summary>The connection closes, and the request was not handled.</summary>
    public static Task CloseBefore(HttpContext context, Func<Task> handle)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>The request is handled, and the connection closes in place of the answer: the client cannot know.</summary>
    public static async Task CloseAfter(HttpContext context, Func<Task> handle)
    {
        context.Response.Body = Stream.Null;
        await handle();
        context.Abort();
    }

    /// <summary>The connection is reset, as by a process that dies; the request was not handled.</summary>
    public static Task Reset(HttpContext context, Func<Task> handle)
    {
        if (context.Features.Get<IConnectionSocketFeature>() is { } connection)
            connection.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>So many bytes of the request's body are read, then the connection closes; the request was not handled.</summary>
    public static Fault CloseWithin(int bytes) => async (context, _) =>
    {
        await context.Request.Body.ReadAtLeastAsync(new byte[bytes], bytes, throwOnEndOfStream: false, context.RequestAborted);
        context.Abort();
    };

    /// <summary>The request is handled, and only the first bytes of the answer's body come.</summary>
    public static Fault Truncate(int bytes) => Cut(bytes, saysSo: false);

    /// <summary>The request is handled, and the answer has a <c>Content-Length</c> that is too short.</summary>
    public static Fault ShortLength(int bytes) => Cut(bytes, saysSo: true);

    private static Fault Cut(int bytes, bool saysSo) => async (context, handle) =>
    {
        var wire = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await handle();
        context.Response.Body = wire;
        int left = (int)Math.Min(bytes, answer.Length);
        context.Response.ContentLength = saysSo ? left : answer.Length;
        await wire.WriteAsync(answer.GetBuffer().AsMemory(0, left));
    };

    /// <summary>An answer that never ends; the request is not handled.</summary>
    public static async Task Endless(HttpContext context, Func<Task> handle)
    {
        context.Response.ContentType = "application/json";
        byte[] block = Encoding.ASCII.GetBytes(new string(' ', 65536));
        while (!context.RequestAborted.IsCancellationRequested)
            await context.Response.Body.WriteAsync(block, context.RequestAborted);
    }
}
