#if NET
using System.Net.Sockets;

namespace Anovos.Mlflow.Http;

/// <summary>
/// A connection that acknowledges received data immediately. A server that writes the headers and the body of a response separately, as
/// MLflow 3 does, delays the body until the headers are acknowledged, which Linux postpones by 40 ms.
/// </summary>
internal sealed class PromptStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    // IPPROTO_TCP and TCP_QUICKACK of Linux, tcp(7). The option is not permanent, so it is set before each read.
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
            // A kernel that only resembles Linux may not support the option; responses arrive anyway, only later.
            _canHurry = false;
        }
    }
}
#endif
