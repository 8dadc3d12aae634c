using System.Security.Cryptography;
using Amazon.S3;
using Amazon.S3.Model;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Cloud;
using Anovos.Mlflow.Tests.Http;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests a stand-in of a workspace that issues credentials for storage that verifies them: fakes and emulators.</summary>
public sealed class RealStorageTests : IDisposable
{
    private static readonly int LargeMebibytes = int.Parse(Environment.GetEnvironmentVariable("ANOVOS_TEST_LARGE_FILE_MIB") ?? "24", System.Globalization.CultureInfo.InvariantCulture);

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("azure")]
    [InlineData("azurite")]
    public async Task A_file_goes_in_blocks_through_a_shared_access_signature_and_a_signature_that_ends_is_renewed(string store)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(store);
        var container = new BlobContainerClient(place.Environment.Values.Single(), "artifacts");
        int signed = 0;

        // The first signature expires during the upload of a very large file; for a smaller file, before it.
        double seconds = LargeMebibytes >= 1024 ? 3 : -5;
        string Sign(string key, bool write) => container.GetBlobClient(key).GenerateSasUri(
            write ? BlobSasPermissions.Create | BlobSasPermissions.Write : BlobSasPermissions.Read,
            Interlocked.Increment(ref signed) == 1 ? DateTimeOffset.UtcNow.AddSeconds(seconds) : DateTimeOffset.UtcNow.AddMinutes(10)).AbsoluteUri;

        await SendAndReceiveAsync(CloudKind.AzureBlob, Sign, (long)LargeMebibytes << 20);
        Assert.Equal(5, signed); // two files written and read, and one signature renewed
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("s3rver")]
    public async Task A_file_goes_to_a_presigned_address_of_S3(string store)
    {
        await using CloudPlace place = await CloudPlace.OpenAsync(store);
        IReadOnlyDictionary<string, string> environment = place.Environment;
        string endpoint = place.Gateway.Uri.AbsoluteUri;
        var config = new AmazonS3Config { ServiceURL = endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" };
        using var s3 = new AmazonS3Client(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], config);
        string Sign(string key, bool write) => s3.GetPreSignedURL(new GetPreSignedUrlRequest { BucketName = "artifacts", Key = key, Verb = write ? HttpVerb.PUT : HttpVerb.GET, Expires = DateTime.UtcNow.AddMinutes(10), Protocol = Protocol.HTTP });
        await SendAndReceiveAsync(CloudKind.Aws, Sign, 3_000_000);
    }

    private async Task SendAndReceiveAsync(CloudKind cloud, Func<string, bool, string> sign, long length)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new() { Workspace = new() { Cloud = cloud, SignAddress = sign } });
        Variables environment = new() { ["DATABRICKS_HOST"] = server.Uri.ToString(), ["DATABRICKS_TOKEN"] = "dapi-personal" };
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        ConnectionOptions options = target.Complete(ConnectionOptions.FromEnvironment(environment.Read, home: null), environment.Read, home: null) with
        {
            Multipart = new MultipartOptions { MinimumFileBytes = 4 << 20, PartBytes = 8 << 20 },
        };
        using ITrackingStore store = TrackingStores.Open(target, options);
        string experiment = await store.CreateExperimentAsync(new NewExperiment("/Shared/storage"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, null, "tester", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        var small = new FileInfo(Path.Combine(_folder, "größe %.txt"));
        var large = new FileInfo(Path.Combine(_folder, "large"));
        File.WriteAllText(small.FullName, "small");
        await WriteAsync(large, length);

        foreach (FileInfo file in new[] { large, small })
        {
            ArtifactContent sent = await artifacts.SendAsync(file, $"a b/{file.Name}", _ => { }, TestContext.Current.CancellationToken);
            using var back = new HashingStream(Stream.Null, long.MaxValue);
            await artifacts.ReceiveAsync($"a b/{file.Name}", back, _ => { }, TestContext.Current.CancellationToken);
            Assert.Equal(await new FileSource(file).MeasureAsync(default), sent);
            Assert.Equal(sent, back.Finish());
            TestContext.Current.TestOutputHelper?.WriteLine($"{sent.Length} bytes, SHA-256 {sent.Sha256}, the same read back");
        }
    }

    private static async Task WriteAsync(FileInfo file, long length)
    {
        await using FileStream stream = file.Create();
        for (long left = length; left > 0; left -= 1 << 20)
            await stream.WriteAsync(RandomNumberGenerator.GetBytes((int)Math.Min(left, 1 << 20)));
    }
}
