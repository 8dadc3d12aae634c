using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What killed writers leave, made by hand: each the shortest form of what random kills and properties brought up.</summary>
public sealed class LeftoverTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DirectoryStore _store;

    public LeftoverTests() => _store = new DirectoryStore(_folder.Below("mlruns"));

    public void Dispose() => _folder.Dispose();

    // "0.12" of "0.125 7", "1" of a time, a time alone: the second and third read as a point of the oldest MLflow, or as none.
    [Theory]
    [InlineData("1700000000001 0.12")]
    [InlineData("1700000000001 0.125 7")]
    [InlineData("1700000000001")]
    [InlineData("1")]
    public async Task Half_a_line_is_no_point_and_the_next_point_takes_its_place(string half)
    {
        (Run run, string file) = await StartAsync(new Metric("m", 1, 1, 1));
        await NoteAsync(run, new FileInfo(file).Length);
        await File.AppendAllTextAsync(file, half);

        Assert.Equal(1, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
        Assert.Single((await _store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items);
        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 2, 2, 2)] }, default);
        string[] lines = await File.ReadAllLinesAsync(file);
        Assert.Equal(["1 1.0 1", "2 2.0 2"], lines);
    }

    // A writer that had noted how long the files were, and was killed before it wrote.
    [Fact]
    public async Task A_line_without_an_end_that_was_there_before_the_killed_writer_is_a_point()
    {
        (Run run, string file) = await StartAsync(new Metric("m", 1, 1, 1));
        await File.AppendAllTextAsync(file, "2 2.0 2");
        await NoteAsync(run, new FileInfo(file).Length);

        Assert.Equal(2, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 3, 3, 3)] }, default);
        Assert.Equal("1 1.0 1\n2 2.0 2\n3 3.0 3\n", await File.ReadAllTextAsync(file));
    }

    // The next writer writes to another metric.
    [Fact]
    public async Task Half_a_line_does_not_become_a_point_when_the_next_writer_has_gone()
    {
        (Run run, string file) = await StartAsync(new Metric("m", 1, 1, 1));
        await NoteAsync(run, new FileInfo(file).Length);
        await File.AppendAllTextAsync(file, "1700000000001 0.12");

        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("other", 2, 2, 2)] }, default);
        Assert.Equal(1, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
        Assert.Equal("1 1.0 1\n", await File.ReadAllTextAsync(file));
    }

    [Theory]
    [InlineData("999999999999 ../../../outside")]
    [InlineData("0 ../../../outside")]
    [InlineData("0 nowhere")]
    [InlineData("x m")]
    [InlineData("0")]
    public async Task A_note_of_others_reaches_no_file_outside_the_metrics(string note)
    {
        (Run run, string file) = await StartAsync(new Metric("m", 1, 1, 1));
        await File.WriteAllTextAsync(_folder.Below("outside"), "kept");
        await File.WriteAllTextAsync(_folder.Below("mlruns", "0", run.RunId, ".growing"), note + "\n");

        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 2, 2, 2)] }, default);
        Assert.Equal("1 1.0 1\n2 2.0 2\n", await File.ReadAllTextAsync(file));
        Assert.Equal("kept", await File.ReadAllTextAsync(_folder.Below("outside")));
        Assert.False(File.Exists(_folder.Below("mlruns", "0", run.RunId, "metrics", "nowhere")));
    }

    [Fact]
    public async Task A_metric_of_half_a_line_alone_is_not_there_yet()
    {
        (Run run, string file) = await StartAsync(new Metric("m", 1, 1, 1));
        await File.WriteAllTextAsync(file, "17000");

        Assert.Empty((await _store.GetRunAsync(run.RunId, default)).Metrics);
        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 2, 2, 2)] }, default);
        Assert.Equal("2 2.0 2\n", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_folder_that_was_made_for_a_key_and_stayed_empty_takes_no_key()
    {
        (Run run, _) = await StartAsync(new Metric("m", 1, 1, 1));
        Directory.CreateDirectory(_folder.Below("mlruns", "0", run.RunId, "params", "a", "b"));

        await _store.LogBatchAsync(run.RunId, new() { Params = [new("a", "1")] }, default);
        Assert.Equal("1", (await _store.GetRunAsync(run.RunId, default)).Params["a"]);
    }

    [Fact]
    public async Task Experiments_and_runs_that_were_never_finished_are_not_there()
    {
        (Run run, _) = await StartAsync(new Metric("m", 1, 1, 1));
        Directory.CreateDirectory(_folder.Below("mlruns", "123456789012345678", "tags"));
        Directory.CreateDirectory(_folder.Below("mlruns", "0", new string('a', 32), "tags"));
        await File.WriteAllTextAsync(_folder.Below("mlruns", "0", run.RunId, $".{Guid.NewGuid():N}.tmp"), "half");

        Assert.Equal(["Default"], (await _store.SearchExperimentsAsync(new(), null, default)).Items.Select(experiment => experiment.Name));
        Assert.Equal([run.RunId], (await _store.SearchRunsAsync(new(["0"]), null, default)).Items.Select(found => found.RunId));
    }

    [Fact]
    public async Task An_artifact_that_replaces_another_is_never_missing_and_never_half_there()
    {
        (Run run, _) = await StartAsync(new Metric("m", 1, 1, 1));
        using IArtifactStore artifacts = ArtifactStores.Open(run, _store);
        string[] sources = [_folder.Below("a"), _folder.Below("b")];
        await File.WriteAllTextAsync(sources[0], new string('a', 300_000));
        await File.WriteAllTextAsync(sources[1], new string('b', 300_000));
        await artifacts.SendAsync(new FileInfo(sources[0]), "data/x", _ => { }, default);
        string target = Path.Combine(LocalUri.ToPath(run.ArtifactUri), "data", "x");

        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
                await artifacts.SendAsync(new FileInfo(sources[i % 2]), "data/x", _ => { }, default);
        });
        while (!writing.IsCompleted)
        {
            // On Windows a file that is read all the time can never be replaced.
            if (OperatingSystem.IsWindows())
                await Task.Delay(5);
            string text;
            try
            {
                text = await File.ReadAllTextAsync(target);
            }
            catch (IOException e) when (OperatingSystem.IsWindows() && e is not FileNotFoundException)
            {
                // The moment in which the file is replaced, when Windows gives it to no one else.
                continue;
            }

            Assert.Equal(300_000, text.Length);
            Assert.Single(text.Distinct());
            Assert.Single(await artifacts.ListAsync("data", default));
        }

        await writing;
    }

    [Fact]
    public async Task A_run_is_read_while_its_tags_go()
    {
        (Run run, _) = await StartAsync(new Metric("m", 1, 1, 1));
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                await _store.LogBatchAsync(run.RunId, new() { Tags = [new("a/b", "1"), new("c", "1")] }, default);
                await _store.DeleteTagAsync(run.RunId, "a/b", default);
                await _store.DeleteTagAsync(run.RunId, "c", default);
            }
        });
        while (!writing.IsCompleted)
            Assert.Single((await _store.GetRunAsync(run.RunId, default)).Metrics);
        await writing;
    }

    // What is not valid text is written as U+FFFD: asked for again, it is to be found, and not made a second time.
    [Fact]
    public async Task An_experiment_whose_name_is_no_valid_text_is_found_again()
    {
        string id = await _store.CreateExperimentAsync(new("a\uD800"), default);

        Assert.Equal(id, (await _store.FindExperimentAsync("a\uD800", default))!.ExperimentId);
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(() => _store.CreateExperimentAsync(new("a\uD800"), default));
        Assert.Equal(ErrorKind.ExperimentExists, failure.Kind);
    }

    private Task NoteAsync(Run run, long length) =>
        File.WriteAllTextAsync(_folder.Below("mlruns", "0", run.RunId, ".growing"), $"{length} m\n");

    private async Task<(Run Run, string MetricFile)> StartAsync(Metric point)
    {
        Run run = await _store.CreateRunAsync(new("0", "x", "me", 1), default);
        await _store.LogBatchAsync(run.RunId, new() { Metrics = [point] }, default);
        return (run, _folder.Below("mlruns", "0", run.RunId, "metrics", point.Key));
    }
}
