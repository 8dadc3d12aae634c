using System.Net;
using System.Net.Sockets;

namespace Anovos.Mlflow.Tests;

/// <summary>Forwards connections to a server until it is taken down; then it closes every connection.</summary>
internal sealed class Relay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _open = [];
    private readonly Uri _server;
    private bool _isDown;

    public Relay(Uri server)
    {
        _server = server;
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Uri => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public bool IsDown
    {
        set
        {
            lock (_open)
            {
                _isDown = value;
                if (value)
                    _open.ForEach(socket => socket.Dispose());
                _open.Clear();
            }
        }
    }

    public void Dispose()
    {
        IsDown = true;
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = PassAsync(await _listener.AcceptSocketAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test has ended.
        }
    }

    private async Task PassAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        lock (_open)
        {
            _open.AddRange([client, server]);
            if (_isDown)
                client.Dispose();
        }

        try
        {
            await server.ConnectAsync(_server.Host, _server.Port);
            using var here = new NetworkStream(client, ownsSocket: true);
            using var there = new NetworkStream(server);
            await Task.WhenAny(here.CopyToAsync(there), there.CopyToAsync(here));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // The relay is down.
        }
    }
}
