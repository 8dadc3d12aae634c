// Uploads a file to a store through a shared access signature, in turn as the module does it for the Azure storage of a
// Databricks workspace, and with the defaults of Azure's own SDK. Prints medians, spread and ratio.
//
// usage: AzureUpload [mebibytes = 1024] [runs = 3]
// The store is azurite-blob, on the PATH or in the folder that ANOVOS_TEST_NODE_MODULES names. Otherwise it is the test server's fake,
// whose own work is then included in both figures.
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int mebibytes = args.Length > 0 ? int.Parse(args[0]) : 1024, runs = args.Length > 1 ? int.Parse(args[1]) : 3;
Uri? azurite = CloudEmulator.Find("azurite");
await using FakeCloud? fake = azurite is null ? await CloudStores.StartFakeAsync("azure") : null;
string storage = azurite is null ? "the fake" : "Azurite";
string folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
try
{
    await CompareAsync();
}
finally
{
    CloudEmulator.Stop();
    Directory.Delete(folder, recursive: true);
}

async Task CompareAsync()
{
    var container = new BlobContainerClient(CloudStores.Environment("azure", azurite ?? fake!.Uri).Values.Single(), "artifacts");
    if (azurite is not null)
        await container.CreateAsync();
    string Sign(string key, BlobSasPermissions permissions) => container.GetBlobClient(key).GenerateSasUri(permissions, DateTimeOffset.UtcNow.AddHours(1)).AbsoluteUri;

    await using TrackingServer server = await TrackingServer.StartAsync(new()
    {
        Workspace = new() { Cloud = CloudKind.AzureBlob, SignAddress = (key, write) => Sign(key, write ? BlobSasPermissions.Create | BlobSasPermissions.Write : BlobSasPermissions.Read) },
    });
    Dictionary<string, string> environment = new() { ["DATABRICKS_HOST"] = server.Uri.ToString(), ["DATABRICKS_TOKEN"] = "dapi-personal" };
    TrackingTarget target = TrackingTarget.Parse("databricks", folder);
    using ITrackingStore store = TrackingStores.Open(target, target.Complete(ConnectionOptions.FromEnvironment(environment.GetValueOrDefault, home: null), environment.GetValueOrDefault, home: null));
    Run run = await store.CreateRunAsync(new NewRun(await store.CreateExperimentAsync(new NewExperiment("/Shared/bench"), default), null, "bench", 1), default);
    using IArtifactStore artifacts = ArtifactStores.Open(run, store);

    Func<FileInfo, Task> module = file => artifacts.SendAsync(new FileSource(file), "module", _ => { }, default);
    Func<FileInfo, Task> sdk = async file =>
    {
        await using FileStream stream = file.OpenRead();
        await new BlockBlobClient(new Uri(Sign("sdk", BlobSasPermissions.Create | BlobSasPermissions.Write))).UploadAsync(stream);
    };

    // One-time compilation and connections are not measured.
    FileInfo warm = await MakeAsync(1), large = await MakeAsync(mebibytes);
    await module(warm);
    await sdk(warm);
    List<Cost> modules = [], sdks = [];
    for (int i = 0; i < runs; i++)
    {
        modules.Add(await Cost.OfAsync(() => module(large)));
        sdks.Add(await Cost.OfAsync(() => sdk(large)));
    }

    Console.WriteLine($"{mebibytes} MiB to {storage}, {runs} in turn: median seconds [spread], seconds of CPU here, MiB allocated");
    Console.WriteLine($"module    {Cost.Describe(modules)}");
    Console.WriteLine($"Azure SDK {Cost.Describe(sdks)}");
    Console.WriteLine($"The SDK takes {Cost.Median(sdks, cost => cost.Seconds) / Cost.Median(modules, cost => cost.Seconds):0.00} × as long.");
}

async Task<FileInfo> MakeAsync(int mebibytes)
{
    var file = new FileInfo(Path.Combine(folder, $"{mebibytes} MiB"));
    await using FileStream stream = file.Create();
    for (int i = 0; i < mebibytes; i++)
        await stream.WriteAsync(RandomNumberGenerator.GetBytes(1 << 20));
    return file;
}

internal sealed record Cost(double Seconds, double Processor, double Allocated)
{
    public static async Task<Cost> OfAsync(Func<Task> work)
    {
        using var process = Process.GetCurrentProcess();
        long allocated = GC.GetTotalAllocatedBytes();
        TimeSpan processor = process.TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        await work();
        double seconds = clock.Elapsed.TotalSeconds;
        process.Refresh();
        return new Cost(seconds, (process.TotalProcessorTime - processor).TotalSeconds, (GC.GetTotalAllocatedBytes() - allocated) / (double)(1 << 20));
    }

    public static double Median(IReadOnlyList<Cost> costs, Func<Cost, double> figure)
    {
        double[] sorted = [.. costs.Select(figure).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public static string Describe(IReadOnlyList<Cost> costs) =>
        $"{Median(costs, cost => cost.Seconds):0.00} [{costs.Min(cost => cost.Seconds):0.00}–{costs.Max(cost => cost.Seconds):0.00}], {Median(costs, cost => cost.Processor):0.00}, {Median(costs, cost => cost.Allocated):0}";
}
