using System.Net;
using System.Net.Sockets;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

public class PromptStreamTests
{
    [Fact]
    public async Task A_read_asks_the_kernel_to_acknowledge_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "TCP_QUICKACK is Linux's");
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndpoint, cancellation);
        using Socket server = await listener.AcceptSocketAsync(cancellation);
        await using var stream = new PromptStream(client);

        client.SetRawSocketOption(6, 12, [0, 0, 0, 0]);
        Assert.Equal(0, QuickAck(client));
        await server.SendAsync(new byte[3], cancellation);
        Assert.Equal(3, await stream.ReadAsync(new byte[10], cancellation));
        Assert.Equal(1, QuickAck(client));
    }

    private static int QuickAck(Socket socket)
    {
        byte[] value = new byte[4];
        socket.GetRawSocketOption(6, 12, value);
        return BitConverter.ToInt32(value);
    }
}
