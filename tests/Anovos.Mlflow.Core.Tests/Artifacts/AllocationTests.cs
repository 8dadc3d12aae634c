using System.Net;
using System.Net.Sockets;
using System.Text;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>
/// The bytes allocated for each file, on any machine: those for many files minus those for few, so that the start does not count. A
/// change that needs more fails here, and must be intended.
/// </summary>
[Collection(nameof(Alone))]
public sealed class AllocationTests : IDisposable
{
    private const int Few = 100;
    private const int Many = 600;

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    [Fact]
    public async Task A_small_file_to_a_server()
    {
        using var server = new QuietServer();
        using var store = new RestStore(server.Uri, new ConnectionOptions());
        var run = new Run { RunId = "r1", ExperimentId = "1", ArtifactUri = "mlflow-artifacts:/1/r1/artifacts" };

        Assert.InRange(await BytesAFileAsync(() => ArtifactStores.Open(run, store)), 5_000, 12_000);
        Assert.Equal(2 * (Few + Many), server.Requests);
    }

    [Fact]
    public async Task A_small_file_to_a_folder() =>
        Assert.InRange(await BytesAFileAsync(() => new LocalArtifactStore(Path.Combine(_folder, "artifacts"))), 3_000, 8_000);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<long> BytesAFileAsync(Func<IArtifactStore> open)
    {
        // Run once for code that is compiled and data that is kept.
        await CostAsync(Few);
        await CostAsync(Many);
        long few = await CostAsync(Few), many = await CostAsync(Many);
        return (many - few) / (Many - Few);

        async Task<long> CostAsync(int files)
        {
            string folder = Directory.CreateDirectory(Path.Combine(_folder, "files")).FullName;
            for (int i = Directory.GetFiles(folder).Length; i < files; i++)
            {
                string path = Path.Combine(folder, $"part-{i:00000}.csv");
                File.WriteAllText(path, new string('x', 1000));

                // A file that was written just now is read again.
                File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddMinutes(-1));
            }

            ArtifactUpload[] uploads = [.. FolderListing.Of(folder, default).Files.Take(files).Select(file => new ArtifactUpload(file, "many/" + file.RelativePath))];
            using IArtifactStore store = open();
            var policy = new SendPolicy(new SentJournal(Guid.NewGuid().ToString("N"), Path.Combine(_folder, "sent")), Resend: true, Verify: false);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await new ArtifactTransfer(store, 4, policy).SendAsync(uploads, result => Assert.Null(result.Error), _ => { }, default);
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }
    }

    /// <summary>Runs alone, because other tests would be counted.</summary>
    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;

    /// <summary>Accepts every request, on its own threads, without allocating anything.</summary>
    private sealed class QuietServer : IDisposable
    {
        private static readonly byte[] Answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray();

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private int _requests;

        public QuietServer()
        {
            _listener.Start();
            new Thread(Accept) { IsBackground = true }.Start();
        }

        public Uri Uri => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

        public int Requests => _requests;

        public void Dispose() => _listener.Stop();

        private void Accept()
        {
            try
            {
                while (true)
                {
                    Socket client = _listener.AcceptSocket();
                    new Thread(() => Serve(client)) { IsBackground = true }.Start();
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private void Serve(Socket client)
        {
            using Socket socket = client;
            byte[] buffer = new byte[1 << 16];
            int filled = 0;
            while (true)
            {
                int head;
                while ((head = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
                {
                    int read = socket.Receive(buffer, filled, buffer.Length - filled, SocketFlags.None);
                    if (read == 0)
                        return;
                    filled += read;
                }

                int whole = head + 4 + BodyLength(buffer.AsSpan(0, head));
                while (filled < whole)
                    filled += socket.Receive(buffer, filled, buffer.Length - filled, SocketFlags.None);
                buffer.AsSpan(whole, filled - whole).CopyTo(buffer);
                filled -= whole;
                Interlocked.Increment(ref _requests);
                socket.Send(Answer);
            }
        }

        private static int BodyLength(ReadOnlySpan<byte> head)
        {
            int at = head.IndexOf("Content-Length: "u8);
            return at < 0 ? 0 : System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out int length, out _) ? length : throw new InvalidDataException(Encoding.ASCII.GetString(head));
        }
    }
}
