using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Google.Apis.Auth.OAuth2;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>
/// A second opinion on the fake of Google Cloud Storage: Google's client for Node reads what we write, and writes what we read.
/// </summary>
public sealed class GcsClientTests : IAsyncLifetime
{
    private const int Length = (2 * PartPlan.DefaultPartLength) + 12345;

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private FakeCloud _cloud = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Modules => Environment.GetEnvironmentVariable("ANOVOS_TEST_NODE_MODULES") ?? "";

    public async ValueTask InitializeAsync() => _cloud = await CloudStores.StartFakeAsync("gcs");

    public async ValueTask DisposeAsync()
    {
        await _cloud.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(Length)]
    public async Task Google_reads_what_we_write_and_we_read_what_Google_writes(int length)
    {
        Assert.SkipUnless(
            Directory.Exists(Path.Combine(Modules, "@google-cloud", "storage")),
            "@google-cloud/storage is not in the folder that ANOVOS_TEST_NODE_MODULES names");
        Dictionary<string, string> environment = CloudStores.Environment("gcs", _cloud.Uri);
        var options = new ConnectionOptions();
        using IBucket bucket = Buckets.Open(
            "gs://artifacts", name => environment.GetValueOrDefault(name), options, new Retrier(options.Retry, _ => { })).Bucket;
        using var store = new BucketArtifactStore(bucket, "");
        byte[] content = RandomNumberGenerator.GetBytes(length);
        string file = Path.Combine(_folder, "file");
        await File.WriteAllBytesAsync(file, content, Cancellation);
        ArtifactContent sent = await store.SendAsync(new FileInfo(file), "ours/größe +%41#.bin", _ => { }, Cancellation);

        using JsonDocument json = JsonDocument.Parse(await RunAsync("ours/größe +%41#.bin", file));

        JsonElement got = json.RootElement;
        string Text(string name) => got.GetProperty(name).GetString()!;
        string[] Texts(string name) => [.. got.GetProperty(name).EnumerateArray().Select(item => item.GetString()!)];
        Assert.Equal((sent.Sha256, sent.Sha256), (Text("whole"), Text("alsoWhole")));
        Assert.Equal(Convert.ToHexStringLower(content.AsSpan(100, 100)), Text("part"));
        Assert.Equal(
            (Convert.ToBase64String(MD5.HashData(content)), $"{length}", "application/octet-stream"),
            (Text("md5"), Text("size"), Text("type")));
        Assert.Equal(
            ["node/a b+c%41#?ü.csv", "node/copied", "node/in chunks", "node/resumable"],
            Texts("files").Order(StringComparer.Ordinal));
        Assert.Equal(["node/", "ours/"], Texts("folders"));
        Assert.False(got.GetProperty("gone").GetBoolean());
        string[] errors = Texts("errors");
        string[] expected =
        [
            "404 No such object: artifacts/nothing", "404 No such object: artifacts/nothing", "400 Provided MD5 hash",
            "404 No such object: artifacts/node/copied#1", "412 At least one of the", "404 The specified bucket does not exist.",
            "401 Invalid Credentials",
        ];
        Assert.All(errors.Zip(expected), pair => Assert.StartsWith(pair.Second, pair.First));
        Assert.Equal(expected.Length, errors.Length);

        Assert.Equal(
            ["node/a b+c%41#?ü.csv", "node/in chunks", "node/resumable"],
            (await store.ListAsync("node", Cancellation)).Select(artifact => artifact.ArtifactPath));
        foreach (string name in new[] { "node/in chunks", "node/resumable" })
            Assert.Equal(content, await ReadAsync(store, name));
        Assert.Equal("something"u8.ToArray(), await ReadAsync(store, "node/a b+c%41#?ü.csv"));
    }

    private static async Task<byte[]> ReadAsync(BucketArtifactStore store, string name)
    {
        using var back = new MemoryStream();
        await store.ReceiveAsync(name, back, _ => { }, Cancellation);
        return back.ToArray();
    }

    private async Task<string> RunAsync(string name, string file)
    {
        string key = GoogleKeys.WriteFile(CloudStores.GcsAccount, _cloud.Uri);
        GoogleCredential credential =
            await CredentialFactory.FromFileAsync(key, JsonCredentialParameters.ServiceAccountCredentialType, Cancellation);
        ITokenAccess access = credential.CreateScoped("https://www.googleapis.com/auth/devstorage.read_write");
        string token = await access.GetAccessTokenForRequestAsync(cancellationToken: Cancellation);
        string script = Path.Combine(SharedMaterial.Repository()!, "tests", "Anovos.Mlflow.Core.Tests", "TestServer", "gcs-client.cjs");
        using Process node = Process.Start(new ProcessStartInfo("node", [script, _cloud.Uri.AbsoluteUri.TrimEnd('/'), token, name, file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["NODE_PATH"] = Modules },
        })!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(Cancellation), error = node.StandardError.ReadToEndAsync(Cancellation);
        await node.WaitForExitAsync(Cancellation);
        Assert.Equal((0, ""), (node.ExitCode, await error));
        return await output;
    }
}
