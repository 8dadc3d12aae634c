using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Receives the browser's request when the workspace redirects it after a sign-in, on loopback addresses only. Uses a plain socket:
/// HttpListener requires administrator permissions on some Windows machines.
/// </summary>
internal sealed class LoginListener : IDisposable
{
    // Databricks registers these ports for its client, and redirects to no others.
    private const int FirstPort = 8020;
    private const int LastPort = 8040;

    // The request includes the cookies of other servers on localhost.
    private const int LongestHead = 64 << 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _state;
    private readonly IReadOnlyList<TcpListener> _listeners;
    private readonly TaskCompletionSource<LoginRedirect> _redirect = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<(int Status, string Page)> _page = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();

    private LoginListener(string state, int port, IReadOnlyList<TcpListener> listeners)
    {
        _state = state;
        _listeners = listeners;
        Port = port;
        foreach (TcpListener listener in listeners)
            _ = AcceptAsync(listener);
    }

    /// <summary>The port to listen on.</summary>
    public int Port { get; }

    /// <summary>The address that the workspace redirects to, exactly as registered there.</summary>
    public string RedirectUri => $"http://localhost:{Port}";

    /// <summary>Listens on the first free port.</summary>
    /// <param name="state">The value that a redirect must contain; other requests are refused, without any effect.</param>
    /// <exception cref="MlflowException">No port is free.</exception>
    public static LoginListener Start(string state)
    {
        for (int port = FirstPort; port <= LastPort; port++)
        {
            if (Listen(port) is { } listeners)
                return new LoginListener(state, port, listeners);
        }

        throw new MlflowException(
            ErrorKind.AuthenticationFailed,
            $"All ports from {FirstPort} to {LastPort} on this machine are in use, and Databricks redirects a browser to no other port. "
            + "Close a program that uses one of them.")
        { Target = "localhost" };
    }

    /// <summary>Waits for the first redirect with the state.</summary>
    public async Task<LoginRedirect> WaitAsync(CancellationToken cancellationToken)
    {
        using (cancellationToken.Register(() => _redirect.TrySetCanceled()))
            return await _redirect.Task.ConfigureAwait(false);
    }

    /// <summary>Shows a page in the browser that sent the redirect.</summary>
    public Task ShowAsync(int status, string page)
    {
        _page.TrySetResult((status, page));
        return _answered.Task;
    }

    /// <summary>Stops listening and closes all connections.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (TcpListener listener in _listeners)
            listener.Stop();
    }

    // A browser may resolve localhost to either address. Another program that listens on one of them would receive the code.
    private static IReadOnlyList<TcpListener>? Listen(int port)
    {
        var listeners = new List<TcpListener>();
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
                continue;
            var listener = new TcpListener(address, port);
            try
            {
                // On Windows, another program could otherwise listen on the same port.
                if (WindowsName.IsWindows)
                    listener.ExclusiveAddressUse = true;
                listener.Start();
                listeners.Add(listener);
            }
            catch (SocketException e) when (listeners.Count > 0 && e.SocketErrorCode != SocketError.AddressAlreadyInUse)
            {
                // This machine does not use IPv6.
                listener.Stop();
            }
            catch (SocketException)
            {
                listener.Stop();
                listeners.ForEach(other => other.Stop());
                return null;
            }
        }

        return listeners;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                TcpClient client = await listener.AcceptTcpClientAsync().ConfigureAwait(false);
                _ = ServeAsync(client);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // Either Dispose closed the listener, or a connection was closed before it was accepted.
                if (!_stop.IsCancellationRequested)
                    await Task.Delay(100).ConfigureAwait(false);
            }
        }
    }

    // A browser also opens connections that it never uses, so each has its own timeout.
    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        using (CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        using (time.Token.Register(client.Close))
        {
            time.CancelAfter(Patience);
            try
            {
                NetworkStream stream = client.GetStream();
                if (await ReadRequestLineAsync(stream).ConfigureAwait(false) is not { } line)
                    return;
                if (!LoginRedirect.TryRead(line, _state, out LoginRedirect? redirect, out int refusal))
                    await WriteAsync(stream, refusal, LoginPage.NotForThis).ConfigureAwait(false);
                else if (!_redirect.TrySetResult(redirect!))
                    await WriteAsync(stream, 409, LoginPage.UsedAlready).ConfigureAwait(false);
                else
                    await AnswerAsync(stream, time).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                // The connection was closed by the browser or by Dispose. That does not affect a sign-in that arrived.
            }
        }
    }

    // The page shows the result of the sign-in, which takes another request to the workspace.
    private async Task AnswerAsync(NetworkStream stream, CancellationTokenSource time)
    {
        try
        {
            time.CancelAfter(Timeout.InfiniteTimeSpan);
            (int status, string page) = await _page.Task.ConfigureAwait(false);
            time.CancelAfter(Patience);
            await WriteAsync(stream, status, page).ConfigureAwait(false);
        }
        finally
        {
            _answered.TrySetResult(true);
        }
    }

    private static async Task WriteAsync(NetworkStream stream, int status, string page)
    {
        byte[] bytes = LoginPage.Response(status, page);
        await stream.WriteAsync(bytes, 0, bytes.Length).ConfigureAwait(false);
        await stream.FlushAsync().ConfigureAwait(false);
    }

    // Read all headers: closing a connection with unread bytes would discard the page.
    private static async Task<string?> ReadRequestLineAsync(NetworkStream stream)
    {
        byte[] buffer = new byte[LongestHead];
        int length = 0;
        while (length < buffer.Length)
        {
            int read = await stream.ReadAsync(buffer, length, buffer.Length - length).ConfigureAwait(false);
            if (read == 0)
                return null;
            length += read;
            string head = Encoding.ASCII.GetString(buffer, 0, length);
            if (head.Contains("\r\n\r\n"))
                return head.Substring(0, head.IndexOf('\r'));
        }

        return null;
    }
}
