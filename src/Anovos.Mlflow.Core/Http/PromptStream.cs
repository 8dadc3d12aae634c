#if NET
using System.Net.Sockets;

namespace Anovos.Mlflow.Http;

/// <summary>
/// A connection that acknowledges at once what it receives. A server that writes the head and the body of an answer apart, as
/// that of MLflow 3 does, waits with the body until the head is acknowledged, and Linux puts that off by 40 ms.
/// </summary>
internal sealed class PromptStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    // IPPROTO_TCP and TCP_QUICKACK of Linux, tcp(7): the kernel forgets it again, so it is said before each read.
    private const int Tcp = 6, QuickAck = 12;
    private static readonly byte[] On = [1, 0, 0, 0];
    private bool _canHurry = true;

    /// <summary>Connects, as <see cref="SocketsHttpHandler"/> does by itself.</summary>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new PromptStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_canHurry)
            Hurry();
        return base.ReadAsync(buffer, cancellationToken);
    }

    private void Hurry()
    {
        try
        {
            Socket.SetRawSocketOption(Tcp, QuickAck, On);
        }
        catch (SocketException)
        {
            // A kernel that only looks like Linux may not know the option; answers come all the same.
            _canHurry = false;
        }
    }
}
#endif
