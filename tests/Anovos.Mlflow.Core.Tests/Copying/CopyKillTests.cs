using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Robustness;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using static Anovos.Mlflow.Tests.Copying.CopiedStore;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>A process that copies is killed again and again, and then left alone: everything is there, once.</summary>
public sealed class CopyKillTests(ITestOutputHelper output) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Into_a_server_at_every_few_requests()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = MlflowVersion.V3_11,
            KeepsRepeatedPoints = true,
        });
        using ITrackingStore source = new DirectoryStore(_folder.Below("source")), target = new RestStore(server.Uri, new ConnectionOptions());
        await FillAsync(source);
        int left = int.MaxValue, kills = 0;
        StoreProcess? process = null;
        // The server does what it was asked for, and nobody is there to read its response.
        server.Faults.Add(
            "*", "*", async (_, handle) =>
            {
                await handle();
                if (Interlocked.Decrement(ref left) == 0)
                    await process!.KillUnlessEndedAsync();
            }, times: int.MaxValue);
        for (int requests = 2; ; requests += 4)
        {
            Volatile.Write(ref left, requests);
            using (process = new StoreProcess("copy", _folder.Below("source"), $"{server.Uri}"))
                await process.EndsAsync();
            if (process.Said.Length == 8)
                break;
            kills++;
        }

        output.WriteLine($"{kills} kills");
        Assert.True(kills > 10, $"{kills} kills");
        Volatile.Write(ref left, int.MaxValue);
        Assert.Equal(7, server.Runs.Count);
        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    [Theory]
    [InlineData("target")]
    [InlineData("target/mlflow.db")]
    public async Task Into_a_local_store_at_any_time(string to)
    {
        Directory.CreateDirectory(_folder.Below("target"));
        string place = _folder.Below(to);
        using ITrackingStore source = new DirectoryStore(_folder.Below("source")),
            target = to.EndsWith(".db", StringComparison.Ordinal) ? new SqliteStore(place) : new DirectoryStore(place);
        await FillAsync(source);
        var random = new Random(7);
        int kills = 0;
        for (int run = 0; run < 15; run++)
        {
            using var process = new StoreProcess("copy", _folder.Below("source"), place);
            await process.SaysAsync(1);
            await Task.Delay(random.Next(300));
            if (await process.KillUnlessEndedAsync())
                kills++;
        }

        output.WriteLine($"{kills} kills");
        Assert.True(kills > 0);
        using (var process = new StoreProcess("copy", _folder.Below("source"), place))
        {
            await process.EndsAsync();
            Assert.Equal(8, process.Said.Length);
        }

        Assert.Equal(await DescribeAsync(source), await DescribeAsync(target));
    }

    public void Dispose() => _folder.Dispose();
}
