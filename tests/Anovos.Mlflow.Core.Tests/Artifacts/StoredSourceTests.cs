using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Artifacts of one store as the source for another.</summary>
public class StoredSourceTests
{
    public static MatrixTheoryData<string, string> Pairs => new(["directory", "3.11"], ["directory", "2.17", "3.11"]);

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task An_artifact_goes_from_store_to_store_once(string from, string to)
    {
        await using TransferFixture source = await TransferFixture.OpenAsync(from), target = await TransferFixture.OpenAsync(to);
        ArtifactUpload[] files = [source.File("a", 10), source.File("d/größe", 300_000), source.File("d/empty", 0)];
        await source.SendAsync(files);

        ArtifactUpload[] uploads = await UploadsAsync(source);
        Assert.All(await target.SendAsync(uploads, verify: true), result => Assert.EndsWith(" Sent", result));
        Assert.All(files, file => Assert.Equal(System.IO.File.ReadAllBytes(file.File.FullName), Received(target, file.ArtifactPath)));

        // After another listing, it counts as new content until its bytes are compared.
        Assert.All(await target.SendAsync(await UploadsAsync(source)), result => Assert.EndsWith(" Unchanged", result));
        await source.SendAsync([source.File("a", 10)], resend: true);
        Assert.Equal(["a Sent", "d/empty Unchanged", "d/größe Unchanged"], await target.SendAsync(await UploadsAsync(source)));
    }

    [Fact]
    public async Task An_artifact_that_is_not_what_was_listed_does_not_arrive()
    {
        await using TransferFixture source = await TransferFixture.OpenAsync("3.11"), target = await TransferFixture.OpenAsync("directory");
        await source.SendAsync([source.File("a", 10), source.File("b", 10)]);
        ArtifactUpload[] uploads = await UploadsAsync(source);
        await source.SendAsync([source.File("a", 11)], resend: true);
        await source.Artifacts.DeleteAsync("b", default);

        string[] results = await target.SendAsync(uploads);
        Assert.Contains("was listed with 10 bytes, but 11 were received", results[0]);
        Assert.Contains("b", results[1]);
        Assert.All(results, result => Assert.DoesNotContain("Sent", result));
        Assert.Empty(await target.Artifacts.ListAsync("", default));
    }

    [Fact]
    public async Task A_download_that_breaks_starts_again_and_leaves_no_file_behind()
    {
        await using TransferFixture source = await TransferFixture.OpenAsync("3.11"), target = await TransferFixture.OpenAsync("directory");
        ArtifactUpload file = source.File("a", 300_000);
        await source.SendAsync([file]);
        ArtifactUpload[] uploads = await UploadsAsync(source);
        string[] before = Directory.GetFiles(Path.GetTempPath(), "anovos-mlflow-*.tmp");

        source.Server.Faults.Add("GET", "*mlflow-artifacts/artifacts/*", Faults.Truncate(100_000));
        Assert.Equal(["a Sent"], await target.SendAsync(uploads));
        Assert.Equal(System.IO.File.ReadAllBytes(file.File.FullName), Received(target, "a"));
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "anovos-mlflow-*.tmp").Except(before));
    }

    private static async Task<ArtifactUpload[]> UploadsAsync(TransferFixture source) =>
    [
        .. (await ArtifactTree.FilesAsync(source.Artifacts, "", 4, default))
            .Select(file => new ArtifactUpload(new StoredSource(source.Artifacts, source.Run.ArtifactUri, new Artifact(file.ArtifactPath, IsDirectory: false, file.Length)), file.ArtifactPath)),
    ];

    private static byte[] Received(TransferFixture run, string path)
    {
        using var target = new MemoryStream();
        run.Artifacts.ReceiveAsync(path, target, _ => { }, default).GetAwaiter().GetResult();
        return target.ToArray();
    }
}
