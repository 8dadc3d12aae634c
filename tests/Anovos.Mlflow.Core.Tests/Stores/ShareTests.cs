using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

/// <summary>A store on a share of a Windows network, named by a variable: <c>\\server\share</c>, or a folder of it.</summary>
public sealed class ShareTests
{
    private const string Variable = "ANOVOS_TEST_SHARE";

    [Fact]
    public async Task A_store_on_a_share_holds_artifacts_and_accepts_its_own_URI()
    {
        string? share = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipUnless(OperatingSystem.IsWindows() && share is not null, $"{Variable} names no share of Windows");
        CancellationToken stop = TestContext.Current.CancellationToken;
        using var here = new TemporaryFolder();
        string folder = Path.Combine(share, $"anovos mlflow {Guid.NewGuid():N}");
        try
        {
            TrackingTarget target = TrackingTarget.Parse(Path.Combine(folder, "mlruns"), @"C:\");
            Assert.StartsWith("file://", target.Uri);
            Assert.Equal(target, TrackingTarget.Parse(target.Uri, @"C:\"));
            Assert.Equal(target.Directory, TrackingTarget.Parse(target.Uri, @"C:\").Directory);

            using var store = new DirectoryStore(target.Directory!);
            Run run = await store.CreateRunAsync(new("0", null, "me", 0), stop);
            await store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 1, 1)], Tags = [new("t", "1")] }, stop);
            Assert.StartsWith(target.Uri, run.ArtifactUri);
            File.WriteAllText(here.Below("file"), "text");
            using (IArtifactStore artifacts = ArtifactStores.Open(run, store))
                await artifacts.SendAsync(new FileInfo(here.Below("file")), "data/file", _ => { }, stop);

            // Like another session that has only the URI.
            using var again = new DirectoryStore(TrackingTarget.Parse(target.Uri, @"D:\").Directory!);
            Run read = await again.GetRunAsync(run.RunId, stop);
            Assert.Equal(1, read.Metrics["m"]);
            using IArtifactStore there = ArtifactStores.Open(read, again);
            Assert.Equal(["data/file"], (await there.ListAsync("data", stop)).Select(artifact => artifact.ArtifactPath));
            using var content = new MemoryStream();
            await there.ReceiveAsync("data/file", content, _ => { }, stop);
            Assert.Equal("text"u8.ToArray(), content.ToArray());
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }
}
