using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>Handles a request instead of the server. Called with the request and the server's own handler.</summary>
public delegate Task Fault(HttpContext context, Func<Task> handle);

/// <summary>The faults that tests use most.</summary>
public static class Faults
{
    /// <summary>Sends this response without handling the request.</summary>
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

    /// <summary>Responds with 503 and MLflow's JSON; with <c>Retry-After</c> in seconds, if given.</summary>
    public static Fault Unavailable(int? retryAfter = null) => Answer(
        503,
        """{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "The service is not available."}""",
        headers: retryAfter is { } seconds ? [("Retry-After", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture))] : []);

    /// <summary>Responds with the HTML page of a proxy that could not reach the server.</summary>
    public static Fault ProxyPage(int status = 502) => Answer(
        status, $"<html>\r\n<head><title>{status}</title></head>\r\n<body><h1>{status}</h1><hr>nginx</body>\r\n</html>\r\n", "text/html");

    /// <summary>Redirects to another address without handling the request.</summary>
    public static Fault Redirect(Uri location, int status = 307) =>
        Answer(status, "", "text/html", ("Location", location.OriginalString));

    /// <summary>Handles the request after a delay.</summary>
    public static Fault Delay(TimeSpan delay) => async (context, handle) =>
    {
        await Task.Delay(delay, context.RequestAborted);
        await handle();
    };

    /// <summary>Closes the connection without handling the request.</summary>
    public static Task CloseBefore(HttpContext context, Func<Task> handle)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Handles the request and closes the connection instead of responding: the client cannot know the result.</summary>
    public static async Task CloseAfter(HttpContext context, Func<Task> handle)
    {
        context.Response.Body = Stream.Null;
        await handle();
        context.Abort();
    }

    /// <summary>Resets the connection, as a dying process does, without handling the request.</summary>
    public static Task Reset(HttpContext context, Func<Task> handle)
    {
        if (context.Features.Get<IConnectionSocketFeature>() is { } connection)
            connection.Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Closes the connection after reading <paramref name="bytes"/> bytes of the request's body, without handling the request.
    /// </summary>
    public static Fault CloseWithin(int bytes) => async (context, _) =>
    {
        await context.Request.Body.ReadAtLeastAsync(new byte[bytes], bytes, throwOnEndOfStream: false, context.RequestAborted);
        context.Abort();
    };

    /// <summary>Handles the request, but sends only the first bytes of the response body.</summary>
    public static Fault Truncate(int bytes) => Cut(bytes, saysSo: false);

    /// <summary>Handles the request, but sends a response with a <c>Content-Length</c> that is too short.</summary>
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

    /// <summary>Sends a response that never ends, without handling the request.</summary>
    public static async Task Endless(HttpContext context, Func<Task> handle)
    {
        context.Response.ContentType = "application/json";
        byte[] block = Encoding.ASCII.GetBytes(new string(' ', 65536));
        while (!context.RequestAborted.IsCancellationRequested)
            await context.Response.Body.WriteAsync(block, context.RequestAborted);
    }
}
