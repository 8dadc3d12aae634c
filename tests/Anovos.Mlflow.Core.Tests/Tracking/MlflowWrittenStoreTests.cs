using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Stores that MLflow 2.17 and 3.11 wrote.</summary>
public sealed class MlflowWrittenStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task Its_experiments_are_read(string version)
    {
        using DirectoryStore store = Open(version);

        Page<Experiment> active = await store.SearchExperimentsAsync(new(), null, default);
        Page<Experiment> deleted = await store.SearchExperimentsAsync(new(ViewType.DeletedOnly), null, default);

        Assert.Equal(["Anovos", "Default"], active.Items.Select(experiment => experiment.Name));
        // On Windows, this folder belongs to another machine, and the store's own folder replaces it.
        string root = WindowsName.IsWindows ? LocalUri.FromPath(_folder.FullPath) : "file:///srv/mlruns";
        Assert.StartsWith($"{root}/", active.Items[0].ArtifactLocation, StringComparison.Ordinal);
        Assert.Equal("to delete", Assert.Single(deleted.Items).Name);
        Assert.Equal(LifecycleStage.Deleted, (await store.FindExperimentAsync("to delete", default))!.LifecycleStage);
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task Its_runs_are_read(string version)
    {
        using DirectoryStore store = Open(version);
        Experiment experiment = (await store.FindExperimentAsync("Anovos", default))!;

        Page<Run> runs = await store.SearchRunsAsync(new([experiment.ExperimentId]), null, default);

        Assert.Equal(["broken", "child", "nightly"], runs.Items.Select(run => run.RunName));
        Assert.Equal([RunStatus.Failed, RunStatus.Finished, RunStatus.Finished], runs.Items.Select(run => run.Status));
        Run nightly = runs.Items[2];
        Assert.Equal("root", nightly.UserId);
        Assert.Equal("Anovos", nightly.Experiment);
        Assert.NotNull(nightly.EndTime);
        Assert.EndsWith($"{nightly.RunId}/artifacts", nightly.ArtifactUri, StringComparison.Ordinal);
        Assert.Equal("größe 世", nightly.Params["unicode"]);
        Assert.Equal("parquet", nightly.Params["write_main/file_type"]);
        Assert.Equal(123456789.123, nightly.Metrics["loss"]);
        Assert.Equal(0.25, nightly.Metrics["measures_of_counts/age/missing_pct"]);
        Assert.Equal("a note", nightly.Tags["mlflow.note.content"]);
        Assert.Equal(nightly.RunId, runs.Items[1].Tags["mlflow.parentRunId"]);
        DatasetInput input = Assert.Single(nightly.Inputs);
        Assert.Equal(("income", "2981c147", "local", """{"uri": "data/income"}"""), (input.Name, input.Digest, input.SourceType, input.Source));
        Assert.Equal(("""{"num_rows": 2, "num_elements": 2}""", new Tag(DatasetInput.ContextTag, "training")), (input.Profile, Assert.Single(input.Tags)));
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task A_dataset_that_it_knows_is_not_made_again_and_an_input_lies_where_it_would_put_it(string version)
    {
        using DirectoryStore store = Open(version);
        Experiment experiment = (await store.FindExperimentAsync("Anovos", default))!;
        Run nightly = (await store.SearchRunsAsync(new([experiment.ExperimentId], "run_name = 'nightly'"), null, default)).Items[0];
        string folder = Path.Combine(LocalUri.ToPath(store.TrackingUri), experiment.ExperimentId);
        string[] before = Files();
        await store.LogInputsAsync(nightly.RunId, nightly.Inputs, default);
        Assert.Equal(before, Files());

        string use = Path.Combine(folder, nightly.RunId, "inputs"), theirs = Path.GetFileName(Directory.GetDirectories(use).Single());
        string text = File.ReadAllText(Path.Combine(use, theirs, "meta.yaml"));
        Directory.Delete(use, recursive: true);
        await store.LogInputsAsync(nightly.RunId, nightly.Inputs, default);
        Assert.Equal(before, Files());
        Assert.Equal(text, File.ReadAllText(Path.Combine(use, theirs, "meta.yaml")).Replace("'", ""));

        string[] Files() => [.. Directory.GetFiles(folder, "meta.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task Its_runs_are_continued(string version)
    {
        using DirectoryStore store = Open(version);
        Experiment experiment = (await store.FindExperimentAsync("Anovos", default))!;
        string id = (await store.SearchRunsAsync(new([experiment.ExperimentId], "run_name = 'nightly'"), null, default)).Items[0].RunId;

        await store.LogBatchAsync(id, new() { Metrics = [new("loss", 7, 1_795_514_637_200, 6)], Params = [new("unicode", "größe 世")] }, default);
        await store.UpdateRunAsync(new(id, RunStatus.Running), default);

        Run read = await store.GetRunAsync(id, default);
        Assert.Equal(7, read.Metrics["loss"]);
        Assert.Equal(RunStatus.Running, read.Status);
        Assert.Equal("ops", read.Tags["team"]);
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public async Task What_is_in_its_trash_is_read_and_not_written(string version)
    {
        using DirectoryStore store = Open(version);
        Experiment deleted = (await store.FindExperimentAsync("to delete", default))!;
        Run run = Assert.Single(
            (await store.SearchRunsAsync(new([deleted.ExperimentId]) { ViewType = ViewType.DeletedOnly }, null, default)).Items);

        Assert.Equal(LifecycleStage.Deleted, (await store.GetRunAsync(run.RunId, default)).LifecycleStage);
        Assert.Contains("Restore", (await Fails(ErrorKind.InvalidValue,
            () => store.LogBatchAsync(run.RunId, new() { Tags = [new("t", "1")] }, default))).Message, StringComparison.Ordinal);
        await Fails(ErrorKind.InvalidValue, () => store.UpdateRunAsync(new(run.RunId, RunStatus.Finished), default));
        await Fails(ErrorKind.InvalidValue, () => store.DeleteTagAsync(run.RunId, "mlflow.runName", default));
        await Fails(ErrorKind.ExperimentDeleted, () => store.CreateRunAsync(new(deleted.ExperimentId, null, "me", 1), default));
        Assert.Contains(".trash", (await Fails(ErrorKind.ExperimentExists,
            () => store.CreateExperimentAsync(new("to delete"), default))).Message, StringComparison.Ordinal);
    }

    private DirectoryStore Open(string version) => new(SharedMaterial.Copy(_folder, "mlflow", "mlruns", version));

    private static async Task<MlflowException> Fails(ErrorKind kind, Func<Task> action)
    {
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(action);
        Assert.Equal(kind, failure.Kind);
        return failure;
    }
}
