using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Anovos.Mlflow.TestServer;

/// <summary>A proxy that responds to everything with 407 and records the credentials that it received.</summary>
public sealed class RefusingProxy : IDisposable
{
    private static readonly byte[] Refusal = Encoding.ASCII.GetBytes(
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<string> _credentials = new();
    private readonly ConcurrentQueue<string> _methods = new();

    /// <summary>Starts the proxy.</summary>
    public RefusingProxy()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Its host and port.</summary>
    public string Authority => _listener.LocalEndpoint.ToString()!;

    /// <summary>The credentials that it received, as <c>user:password</c>, in order.</summary>
    public IReadOnlyList<string> Credentials => [.. _credentials];

    /// <summary>The methods of the requests that it received, in order.</summary>
    public IReadOnlyList<string> Methods => [.. _methods];

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The proxy was stopped.
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        using (var reader = new StreamReader(client.GetStream(), Encoding.ASCII))
        {
            _methods.Enqueue((await reader.ReadLineAsync())?.Split(' ')[0] ?? "");
            while (await reader.ReadLineAsync() is { Length: > 0 } header)
            {
                if (header.StartsWith("Proxy-Authorization: Basic ", StringComparison.OrdinalIgnoreCase))
                    _credentials.Enqueue(Encoding.UTF8.GetString(Convert.FromBase64String(header.Split(' ')[2])));
            }

            await client.GetStream().WriteAsync(Refusal);
        }
    }
}
