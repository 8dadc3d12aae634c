using System.Collections.Concurrent;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Stores with files that other programs left, changed or truncated. Readable content is listed, and the rest is reported with file and
/// line.
/// </summary>
public sealed class ForeignStoreTests : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentBag<string> _warnings = [];
    private readonly string _root;
    private readonly DirectoryStore _store;

    public ForeignStoreTests()
    {
        _root = _folder.Below("mlruns");
        _store = new DirectoryStore(_root, _warnings.Add);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_bad_line_costs_its_point_only()
    {
        (string experiment, Run run) = await StartAsync();
        await File.WriteAllTextAsync(Below(run, "metrics", "m"), "1 1.0 1\n\nno point\n2 2.0 2\n");

        Run read = await OnlyAsync(experiment);
        Assert.Equal(2, read.Metrics["m"]);
        Assert.Equal("0.1", read.Params["lr"]);
        Assert.Equal(2, (await _store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items.Count);
        Assert.All(_warnings, warning => Assert.Contains(Below(run, "metrics", "m") + ":3:", warning, StringComparison.Ordinal));
        Assert.NotEmpty(_warnings);
    }

    [Theory]
    [InlineData("1 1.0 1\n\n")]
    [InlineData("\n\n1 1.0 1")]
    [InlineData("1 1.0 1\r\n \r\n")]
    public async Task Blank_lines_are_no_fault(string text)
    {
        (string experiment, Run run) = await StartAsync();
        await File.WriteAllTextAsync(Below(run, "metrics", "m"), text);

        Assert.Equal(1, (await OnlyAsync(experiment)).Metrics["m"]);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData("metrics", ".DS_Store")]
    [InlineData("params", ".DS_Store")]
    [InlineData("tags", "._lr")]
    [InlineData("params", ".ipynb_checkpoints/lr")]
    [InlineData("metrics", "a/.gitkeep")]
    public async Task Hidden_files_are_no_keys(string part, string name)
    {
        (string experiment, Run run) = await StartAsync();
        Run before = await OnlyAsync(experiment);
        string file = Path.Combine(Below(run, part), name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, [0, 0, 0, 1, 0xFF, 0xFE]);

        Run after = await OnlyAsync(experiment);
        Assert.Equal(before.Params, after.Params);
        Assert.Equal(before.Metrics, after.Metrics);
        Assert.Equal(before.Tags, after.Tags);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(".hidden", "_hidden")]
    [InlineData("a/.b/c", "a/_b/c")]
    public async Task A_key_that_would_be_a_hidden_file_is_refused_and_has_a_valid_form(string key, string valid)
    {
        (_, Run run) = await StartAsync();

        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => _store.LogBatchAsync(run.RunId, new() { Params = [new(key, "1")] }, default));
        Assert.Contains("period", e.Message, StringComparison.Ordinal);
        Assert.Equal(valid, _store.Limits.ToValidKey(key));
        Assert.Equal(key, StoreLimits.Mlflow.ToValidKey(key));
    }

    // Wherever a meta.yaml is truncated, the run is listed with the remaining content, and can be removed and restored.
    [Fact]
    public async Task A_run_with_half_a_meta_is_listed_removed_and_restored()
    {
        (string experiment, Run run) = await StartAsync();
        string file = Below(run, "meta.yaml");
        byte[] whole = await File.ReadAllBytesAsync(file);
        for (int length = 0; length < whole.Length; length += 3)
        {
            await File.WriteAllBytesAsync(file, [.. whole.Take(length)]);
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
            _warnings.Clear();

            Run read = await OnlyAsync(experiment);
            Assert.Equal((run.RunId, experiment, "Anovos"), (read.RunId, read.ExperimentId, read.Experiment));
            Assert.Equal("0.1", read.Params["lr"]);
            Assert.True(read.StartTime == run.StartTime || _warnings.Any(warning => warning.Contains(file, StringComparison.Ordinal)));
            Assert.Contains(read.StartTime.ToUnixTimeMilliseconds(), new[] { 0, Start });
            await RemoveAndRestoreAsync(experiment, run);
        }
    }

    [Theory]
    [InlineData("status: 1", "status: RUN")]
    [InlineData("status: 1", "status: 17")]
    [InlineData("start_time: 1700000000000", "start_time: yesterday")]
    [InlineData("end_time: null", "end_time: 99999999999999999")]
    [InlineData("lifecycle_stage: active", "lifecycle_stage: 'gone'")]
    [InlineData("source_name: ''", "source_name: 'no end")]
    [InlineData("source_name: ''", "no colon")]
    [InlineData("user_id: me", "user_id: {a: [}")]
    [InlineData("user_id: me", "user_id: \"\\q\"")]
    public async Task A_bad_field_costs_that_field_only(string field, string bad)
    {
        (string experiment, Run run) = await StartAsync();
        string file = Below(run, "meta.yaml"), text = await File.ReadAllTextAsync(file);
        Assert.Contains(field, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(field, bad, StringComparison.Ordinal));

        Run read = await OnlyAsync(experiment);
        Assert.Equal(("run", run.ArtifactUri, RunStatus.Running), (read.RunName, read.ArtifactUri, read.Status));
        await RemoveAndRestoreAsync(experiment, run);
        await _store.UpdateRunAsync(new(run.RunId, RunStatus.Finished, Start + 5, "renamed"), default);
        Run ended = await OnlyAsync(experiment);
        Assert.Equal(("renamed", RunStatus.Finished, Start + 5), (ended.RunName, ended.Status, ended.EndTime?.ToUnixTimeMilliseconds()));
        Assert.Equal((read.ArtifactUri, read.StartTime), (ended.ArtifactUri, ended.StartTime));
    }

    [Fact]
    public async Task A_run_without_a_meta_is_listed_if_it_has_data_and_can_be_removed()
    {
        (string experiment, Run run) = await StartAsync();
        File.Delete(Below(run, "meta.yaml"));

        Assert.Equal("0.1", (await OnlyAsync(experiment)).Params["lr"]);
        Assert.Contains(_warnings, warning => warning.Contains(Below(run, "meta.yaml"), StringComparison.Ordinal));
        await RemoveAndRestoreAsync(experiment, run);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("artifact_location: file:///x\ncreation_time: 17")]
    [InlineData("name: 'Ano")]
    [InlineData("name: {")]
    public async Task While_the_name_of_an_experiment_cannot_be_read_none_is_made(string? meta)
    {
        (string experiment, Run run) = await StartAsync();
        string other = await _store.CreateExperimentAsync(new("other"), default);
        string file = Path.Combine(_root, experiment, "meta.yaml");
        if (meta is null)
            File.Delete(file);
        else
            await File.WriteAllTextAsync(file, meta);

        Experiment listed = Assert.Single(
            (await _store.SearchExperimentsAsync(new(), null, default)).Items, found => found.ExperimentId == experiment);
        Assert.Contains("unreadable", listed.Name, StringComparison.Ordinal);
        Assert.Contains(_warnings, warning => warning.Contains(file, StringComparison.Ordinal));
        Assert.Equal(run.RunId, (await OnlyAsync(experiment)).RunId);

        string[] before = Directory.GetDirectories(_root);
        var lifecycle = new RunLifecycle(_store, _ => null);
        Assert.Null(await lifecycle.FindExperimentAsync("Anovos", default));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => lifecycle.CreateExperimentAsync(new("Anovos"), default));
        Assert.Equal(ErrorKind.StoreInvalid, e.Kind);
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetDirectories(_root));
        Assert.Equal(other, (await lifecycle.FindExperimentAsync("other", default))!.ExperimentId);

        await _store.MoveExperimentAsync(experiment, LifecycleStage.Deleted, default);
        Assert.True(Directory.Exists(Path.Combine(_root, ".trash", experiment, run.RunId)));
    }

    [Fact]
    public async Task A_run_that_was_copied_into_a_second_experiment_is_one_run()
    {
        (string experiment, Run run) = await StartAsync();
        foreach (string other in new[] { "100", "zzz" })
        {
            Directory.CreateDirectory(Path.Combine(_root, other, run.RunId));
            await File.WriteAllTextAsync(Path.Combine(_root, other, "meta.yaml"), $"experiment_id: '{other}'\nlifecycle_stage: active\nname: e{other}\n");
            File.Copy(Below(run, "meta.yaml"), Path.Combine(_root, other, run.RunId, "meta.yaml"));
        }

        Run found = Assert.Single((await _store.SearchRunsAsync(new([experiment, "100", "zzz"]), null, default)).Items);
        Assert.Equal(experiment, found.ExperimentId);
        Assert.Contains(_warnings, warning => warning.Contains(Path.Combine(_root, "100", run.RunId), StringComparison.Ordinal));
        await _store.LogBatchAsync(run.RunId, new() { Params = [new("more", "1")] }, default);
        Assert.True(File.Exists(Below(run, "params", "more")));
    }

    [Fact]
    public async Task A_run_that_was_moved_into_another_experiment_is_listed_there()
    {
        (string experiment, Run run) = await StartAsync();
        string other = await _store.CreateExperimentAsync(new("other"), default);
        Directory.Move(Below(run), Path.Combine(_root, other, run.RunId));

        Run found = await OnlyAsync(other);
        Assert.Equal((other, "other", "0.1"), (found.ExperimentId, found.Experiment, found.Params["lr"]));
        Assert.Empty((await _store.SearchRunsAsync(new([experiment]), null, default)).Items);
    }

    [Theory]
    [InlineData("{artifact_uri: 'file:///x', end_time: 1700000000001.0, experiment_id: '$e', lifecycle_stage: active, run_id: $r, run_name: 'a, b', start_time: 1700000000000.0, status: 3, user_id: me}")]
    [InlineData("{\"artifact_uri\": \"file:///x\", \"end_time\": 1700000000001, \"experiment_id\": \"$e\", \"run_uuid\": \"$r\", \"run_name\": \"a, b\", \"start_time\": 1700000000000, \"status\": 3, \"user_id\": \"me\"}")]
    [InlineData("\ufeffartifact_uri: file:///x\r\nend_time: 1700000000001.0\r\nexperiment_id: $e\r\nrun_id: $r\r\nrun_name: 'a, b'\r\nstart_time: 1700000000000.0\r\nstatus: 3.0\r\nuser_id: me")]
    [InlineData("run_name: |-\n  a, b\nartifact_uri: &x file:///x\nend_time: 1700000000001\nexperiment_id: '$e'\nrun_id: $r\nstart_time: 1700000000000\nstatus: 3\nuser_id: me\n")]
    [InlineData("'run_name': a, b\n\"artifact_uri\": file:///x\nend_time: 1700000000001\nexperiment_id: '$e'\nrun_id: $r\nstart_time: 1700000000000\nstatus: 3\nuser_id: me\n")]
    public async Task A_meta_in_another_style_is_read_and_changed(string text)
    {
        (string experiment, Run run) = await StartAsync();
        await File.WriteAllTextAsync(Below(run, "meta.yaml"), text.Replace("$e", experiment, StringComparison.Ordinal).Replace("$r", run.RunId, StringComparison.Ordinal));

        await CheckAsync();
        Assert.Empty(_warnings);
        await RemoveAndRestoreAsync(experiment, run);
        await CheckAsync();
        await _store.UpdateRunAsync(new(run.RunId, RunStatus.Running), default);
        Assert.Equal(RunStatus.Running, (await OnlyAsync(experiment)).Status);

        async Task CheckAsync()
        {
            Run read = await OnlyAsync(experiment);
            Assert.Equal(("a, b", "file:///x", RunStatus.Finished, "me"), (read.RunName, read.ArtifactUri, read.Status, read.UserId));
            Assert.Equal((Start, Start + 1), (read.StartTime.ToUnixTimeMilliseconds(), read.EndTime?.ToUnixTimeMilliseconds()));
        }
    }

    // MLflow before 1.0 ended the value of a param with a line end.
    [Fact]
    public async Task A_param_with_the_line_end_of_the_oldest_MLflow_can_be_written_again()
    {
        (string experiment, Run run) = await StartAsync();
        await File.WriteAllTextAsync(Below(run, "params", "lr"), "0.1\n");

        await _store.LogBatchAsync(run.RunId, new() { Params = [new("lr", "0.1")] }, default);
        Assert.Equal("0.1\n", (await OnlyAsync(experiment)).Params["lr"]);
        await Assert.ThrowsAsync<MlflowException>(() => _store.LogBatchAsync(run.RunId, new() { Params = [new("lr", "0.2")] }, default));
    }

    private async Task<(string ExperimentId, Run Run)> StartAsync()
    {
        string experiment = await _store.CreateExperimentAsync(new("Anovos"), default);
        Run run = await _store.CreateRunAsync(new(experiment, "run", "me", Start), default);
        await _store.LogBatchAsync(run.RunId, new() { Params = [new("lr", "0.1")], Metrics = [new("loss", 1, 1, 1)] }, default);
        return (experiment, run);
    }

    private async Task RemoveAndRestoreAsync(string experiment, Run run)
    {
        Run before = await OnlyAsync(experiment);
        await _store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);
        Assert.Empty((await _store.SearchRunsAsync(new([experiment]), null, default)).Items);
        Assert.Equal(LifecycleStage.Deleted, (await _store.GetRunAsync(run.RunId, default)).LifecycleStage);
        await _store.MoveRunAsync(run.RunId, LifecycleStage.Active, default);
        Run after = await OnlyAsync(experiment);
        Assert.Equal((before.RunName, before.ArtifactUri, before.Status, before.StartTime), (after.RunName, after.ArtifactUri, after.Status, after.StartTime));
    }

    private async Task<Run> OnlyAsync(string experiment) =>
        Assert.Single((await _store.SearchRunsAsync(new([experiment]), null, default)).Items);

    private string Below(Run run, params string[] path) => Path.Combine([_root, run.ExperimentId, run.RunId, .. path]);
}
