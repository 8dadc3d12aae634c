using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Keys that differ only in case, in a directory store on a disk that does not distinguish them.</summary>
public sealed class StoreCaseTests : IDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Keys_that_would_be_one_file_are_refused_and_not_merged()
    {
        using var store = new DirectoryStore(_folder.Below("mlruns"), StoreLimits.Mlflow, ignoresCase: true);
        Run run = await store.CreateRunAsync(new("0", null, "me", 0), Never);
        var first = new RunData { Metrics = [new("Acc", 1, 1)], Params = [new("größe/a", "1")], Tags = [new("Team", "a")] };
        await store.LogBatchAsync(run.RunId, first, Never);

        (string Key, string Other, RunData Data)[] merged =
        [
            ("acc", "Acc", new() { Metrics = [new("acc", 2, 2)] }),
            ("acc/x", "Acc", new() { Metrics = [new("acc/x", 2, 2)] }),
            ("GRÖSSE/b", "", new() { Params = [new("GRÖSSE/b", "2")] }),
            ("Größe/b", "größe/a", new() { Params = [new("Größe/b", "2")] }),
            ("TEAM", "Team", new() { Tags = [new("TEAM", "b")] }),
            ("new", "New", new() { Tags = [new("New", "1"), new("new", "2")] }),
        ];
        foreach ((string key, string other, RunData data) in merged)
        {
            if (other.Length == 0)
            {
                // ß and SS are two different names on every system.
                await store.LogBatchAsync(run.RunId, data, Never);
                continue;
            }

            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.LogBatchAsync(run.RunId, data, Never));
            Assert.Equal((ErrorKind.InvalidValue, key), (e.Kind, e.Target));
            Assert.Contains(
                $"there is a key '{other}', and the file system of this folder does not distinguish upper and lower case", e.Message);
        }

        var further = new RunData { Metrics = [new("Acc", 3, 3)], Params = [new("größe/c", "1")], Tags = [new("Team", "b")] };
        await store.LogBatchAsync(run.RunId, further, Never);
        Run read = await store.GetRunAsync(run.RunId, Never);
        Assert.Equal(["Acc"], read.Metrics.Keys);
        Assert.Equal(["GRÖSSE/b", "größe/a", "größe/c"], read.Params.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("b", read.Tags["Team"]);
        Assert.DoesNotContain("New", read.Tags.Keys);
    }

    [Fact]
    public async Task A_tag_of_another_case_is_not_removed()
    {
        using var store = new DirectoryStore(_folder.Below("mlruns"));
        Run run = await store.CreateRunAsync(new("0", null, "me", 0), Never);
        await store.LogBatchAsync(run.RunId, new() { Tags = [new("Team", "a")] }, Never);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.DeleteTagAsync(run.RunId, "team", Never));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Equal("a", (await store.GetRunAsync(run.RunId, Never)).Tags["Team"]);
    }

    [Fact]
    public async Task What_the_disk_does_is_found_by_trying()
    {
        Directory.CreateDirectory(_folder.Below("mlruns", ".trash"));
        bool ignoresCase = CaseProbe.IgnoresCase(_folder.Below("mlruns"));
        Assert.Equal(File.Exists(_folder.Below("MLRUNS")) || Directory.Exists(_folder.Below("MLRUNS")), ignoresCase);
        Assert.Empty(Directory.EnumerateFiles(_folder.FullPath, "*", SearchOption.AllDirectories));

        using var store = new DirectoryStore(_folder.Below("mlruns"));
        Run run = await store.CreateRunAsync(new("0", null, "me", 0), Never);
        var both = new RunData { Metrics = [new("Acc", 1, 1), new("acc", 2, 1)] };
        if (ignoresCase)
        {
            await Assert.ThrowsAsync<MlflowException>(() => store.LogBatchAsync(run.RunId, both, Never));
            return;
        }

        await store.LogBatchAsync(run.RunId, both, Never);
        Run read = await store.GetRunAsync(run.RunId, Never);
        Assert.Equal((1, 2), (read.Metrics["Acc"], read.Metrics["acc"]));
    }
}
