using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Artifacts through a real MLflow server, or the test server as a process of its own.</summary>
[Collection(nameof(SeparateServer))]
public sealed class ArtifactsOnAServerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("ANOVOS_TEST_TRACKING_URI", 0)]
    [InlineData("ANOVOS_TEST_TRACKING_URI", 3_000_000)]
    [InlineData(SeparateServer.Variable, 0)]
    [InlineData(SeparateServer.Variable, 1000)]
    [InlineData(SeparateServer.Variable, 3_000_000)]
    public async Task A_file_is_sent_listed_received_and_removed(string server, int length)
    {
        string? uri = Environment.GetEnvironmentVariable(server);
        Assert.SkipWhen(string.IsNullOrEmpty(uri), $"{server} names no server");
        using var store = new RestStore(new Uri(uri!), new ConnectionOptions());
        string id = await store.CreateExperimentAsync(new NewExperiment($"artifacts {Guid.NewGuid():N}"), default);
        Run run = await store.CreateRunAsync(new NewRun(id, null, "tester", 1), default);
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        byte[] content = new byte[length];
        using (var random = RandomNumberGenerator.Create())
            random.GetBytes(content);
        File.WriteAllBytes(_folder.Below("file"), content);

        var upload = new ArtifactUpload(new FileInfo(_folder.Below("file")), "data/größe 50%.bin");
        Assert.Null(Assert.Single(await Uploads.SendAsync(artifacts, [upload])).Error);
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(artifacts, "", 4, default);
        Assert.Equal(length, Assert.Single(files).Length);
        List<ArtifactReceived> received = [];
        var receiver = new ArtifactReceiver(artifacts, 1, overwrite: false);
        await receiver.ReceiveAsync(files, _folder.Below("got"), received.Add, _ => { }, default);
        Assert.Null(Assert.Single(received).Error);
        Assert.True(content.SequenceEqual(File.ReadAllBytes(received[0].Path)));

        await artifacts.DeleteAsync("data", default);
        Assert.Empty(await ArtifactTree.FilesAsync(artifacts, "", 4, default));
    }

    public void Dispose() => _folder.Dispose();
}
