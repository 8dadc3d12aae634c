using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public sealed class DirectoryStoreTests : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private readonly DirectoryStore _store;

    public DirectoryStoreTests()
    {
        _root = _folder.Below("größe a#b", "mlruns");
        _store = new DirectoryStore(_root);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_store_that_is_not_there_reads_as_empty_and_is_not_made_by_reading()
    {
        Assert.Null(await _store.FindExperimentAsync("Default", default));
        Assert.Empty((await _store.SearchExperimentsAsync(new(), null, default)).Items);
        Assert.Empty((await _store.SearchRunsAsync(new(["0"]), null, default)).Items);
        await Fails(ErrorKind.ExperimentNotFound, () => _store.GetExperimentAsync("0", default));
        await Fails(ErrorKind.RunNotFound, () => _store.GetRunAsync("abc", default));

        Assert.False(Directory.Exists(_root));
    }

    [Fact]
    public async Task Artifacts_of_a_database_beside_the_folder_are_no_experiments_and_no_runs()
    {
        foreach (string experiment in new[] { "0", "1" })
        {
            string artifacts = Directory.CreateDirectory(Path.Combine(_root, experiment, new string('a', 32), "artifacts", "data")).FullName;
            File.WriteAllText(Path.Combine(artifacts, "x.txt"), "x");
        }

        List<string> warnings = [];
        using var store = new DirectoryStore(_root, warnings.Add);
        Assert.Empty((await store.SearchExperimentsAsync(new(), null, default)).Items);
        string mine = await store.CreateExperimentAsync(new("mine"), default);
        Run one = await store.CreateRunAsync(new("0", "x", "me", Start), default);
        Run other = await store.CreateRunAsync(new(mine, "y", "me", Start), default);

        var experiments = (await store.SearchExperimentsAsync(new(), null, default)).Items;
        Assert.Equal(["Default", "mine"], experiments.Select(experiment => experiment.Name).Order(StringComparer.Ordinal));
        var found = (await store.SearchRunsAsync(new(["0", mine]), null, default)).Items;
        Assert.Equal(new[] { one.RunId, other.RunId }.Order(), found.Select(run => run.RunId).Order());
        Assert.Empty(warnings);
    }

    [Fact]
    public async Task The_first_write_makes_the_trash_and_the_experiment_Default()
    {
        await _store.CreateRunAsync(new("0", "x", "me", Start), default);

        Assert.True(Directory.Exists(Path.Combine(_root, ".trash")));
        Assert.Equal("Default", (await _store.GetExperimentAsync("0", default)).Name);
        await Fails(ErrorKind.ExperimentExists, () => _store.CreateExperimentAsync(new("Default"), default));
    }

    [Theory]
    [InlineData("start_time DESC")]
    [InlineData("tags.`mlflow.runName` DESC")]
    public async Task The_pages_of_a_search_are_those_of_what_its_first_one_found(string order)
    {
        for (int i = 1; i <= 3; i++)
            await _store.CreateRunAsync(new("0", $"run {i}", "me", Start + i), default);
        var search = new RunSearch(["0"]) { OrderBy = [order], MaxResults = 2 };

        Page<Run> first = await _store.SearchRunsAsync(search, null, default);
        await _store.CreateRunAsync(new("0", "run 4", "me", Start + 4), default);
        Page<Run> second = await _store.SearchRunsAsync(search, first.NextPageToken, default);
        Page<Run> anew = await _store.SearchRunsAsync(search, null, default);

        Assert.Equal(["run 3", "run 2", "run 1"], [.. first.Items.Concat(second.Items).Select(run => run.RunName)]);
        Assert.Null(second.NextPageToken);
        Assert.Equal(["run 4", "run 3"], anew.Items.Select(run => run.RunName));
    }

    // More data than the blocks in which a metric's file is read, and a last line that is longer than a block, as with a data set's name
    // after the step.
    [Fact]
    public async Task Many_points_and_a_long_line_are_read_as_they_were_written()
    {
        Run run = await _store.CreateRunAsync(new("0", "x", "me", Start), default);
        Metric[] points = [.. Enumerable.Range(0, 10_000).Select(i => new Metric("m", i / 7.0, Start + i, i))];
        await _store.WriteAsync(run.RunId, new() { Metrics = points }, default);
        await File.AppendAllTextAsync(Path.Combine(_root, "0", run.RunId, "metrics", "m"), $"1 2.0 3 {new string('x', 100_000)} digest\n17000");

        Assert.Equal([.. points, new Metric("m", 2, 1, 0)], (await _store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items);
        Assert.Equal(points[^1].Value, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
    }

    [Fact]
    public async Task An_experiment_is_written_as_MLflow_writes_it()
    {
        string id = await _store.CreateExperimentAsync(new("a: b") { Tags = [new("team/x", "ops")] }, default);

        Assert.Matches("^[1-9][0-9]{17}$", id);
        string[] lines = File.ReadAllLines(Path.Combine(_root, id, "meta.yaml"));
        string time = lines[1].Split(' ')[1];
        Assert.Equal(
        [
            $"artifact_location: {_store.TrackingUri}/{id}",
            $"creation_time: {time}",
            $"experiment_id: '{id}'",
            $"last_update_time: {time}",
            "lifecycle_stage: active",
            "name: 'a: b'",
        ], lines);
        Assert.Equal("ops", File.ReadAllText(Path.Combine(_root, id, "tags", "team", "x")));
    }

    [Fact]
    public async Task A_run_is_written_as_MLflow_writes_it()
    {
        Run run = await _store.CreateRunAsync(new("0", "yes", "me", Start), default);

        string folder = Path.Combine(_root, "0", run.RunId);
        Assert.Equal(
        [
            $"artifact_uri: {_store.TrackingUri}/0/{run.RunId}/artifacts",
            "deleted_time: null",
            "end_time: null",
            "entry_point_name: ''",
            "experiment_id: '0'",
            "lifecycle_stage: active",
            $"run_id: {FlatYamlText.Write(run.RunId)}",
            "run_name: 'yes'",
            $"run_uuid: {FlatYamlText.Write(run.RunId)}",
            "source_name: ''",
            "source_type: 4",
            "source_version: ''",
            $"start_time: {Start}",
            "status: 1",
            "tags: []",
            "user_id: me",
        ], File.ReadAllLines(Path.Combine(folder, "meta.yaml")));
        Assert.Equal("yes", File.ReadAllText(Path.Combine(folder, "tags", "mlflow.runName")));
        Assert.All(["artifacts", "metrics", "params"], name => Assert.True(Directory.Exists(Path.Combine(folder, name))));
    }

    [Fact]
    public async Task A_batch_is_written_as_MLflow_writes_it()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        await _store.LogBatchAsync(run.RunId, new()
        {
            Params = [new("a/b", "1\r\n")],
            Metrics = [new("m/x", 1, Start, 0), new("m/y", double.NaN, Start, 2), new("m/x", 1e-7, Start + 1, -1)],
        }, default);

        string folder = Path.Combine(_root, "0", run.RunId);
        Assert.Equal("1\r\n", File.ReadAllText(Path.Combine(folder, "params", "a", "b")));
        Assert.Equal($"{Start} 1.0 0\n{Start + 1} 1e-07 -1\n", File.ReadAllText(Path.Combine(folder, "metrics", "m", "x")));
        Assert.Equal($"{Start} nan 2\n", File.ReadAllText(Path.Combine(folder, "metrics", "m", "y")));
        Assert.DoesNotContain(Directory.EnumerateFiles(_root, "*", SearchOption.AllDirectories), path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void The_tracking_URI_is_the_one_that_Python_makes_of_the_path()
    {
        if (Path.DirectorySeparatorChar == '/')
            Assert.Equal("file:///a%20b/gr%C3%B6%C3%9Fe/%23x%25%2B~%21%27%28%29%2A", new DirectoryStore("/a b/größe/#x%+~!'()*/").TrackingUri);
        else
            Assert.Equal("file:///C:/a%20b/%23x", new DirectoryStore(@"C:\a b\#x\").TrackingUri);
    }

    [Theory]
    [InlineData("s3://bucket/x", "s3://bucket/x/run/artifacts")]
    [InlineData("s3://bucket/x/?region=eu", "s3://bucket/x/run/artifacts?region=eu")]
    [InlineData("/srv/what?", "/srv/what?/run/artifacts")]
    public void A_run_s_artifacts_are_below_those_of_its_experiment(string location, string expected) =>
        Assert.Equal(expected, LocalUri.Append(location, "run/artifacts"));

    [Fact]
    public async Task A_relative_artifact_location_is_refused() =>
        await Fails(ErrorKind.InvalidValue, () => _store.CreateExperimentAsync(new("x", "artifacts"), default));

    [Fact]
    public async Task A_batch_with_a_param_that_would_change_stores_nothing_wherever_the_param_stands()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        await _store.LogBatchAsync(run.RunId, new() { Params = [new("lr", "0.1")] }, default);

        MlflowException failure = await Fails(ErrorKind.ParameterConflict,
            () => _store.LogBatchAsync(run.RunId, new() { Params = [new("fresh", "1"), new("lr", "0.2")] }, default));

        Assert.Contains("'lr'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'0.1'", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'0.2'", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("fresh", (await _store.GetRunAsync(run.RunId, default)).Params);
    }

    [Fact]
    public async Task A_value_that_is_too_long_and_a_batch_that_is_too_big_are_refused()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        foreach (RunData batch in new RunData[]
        {
            new() { Params = [new("p", new string('x', 6001))] },
            new() { Tags = [new("t", new string('x', 8001))] },
            new() { Params = [.. Enumerable.Range(0, 101).Select(i => new Param($"p{i}", ""))] },
            new() { Tags = [.. Enumerable.Range(0, 101).Select(i => new Tag($"t{i}", ""))] },
            new() { Metrics = [.. Enumerable.Range(0, 1001).Select(i => new Metric("m", i, Start, i))] },
            new() { Metrics = [.. Enumerable.Range(0, 1000).Select(i => new Metric("m", i, Start, i))], Tags = [new("t", "")] },
        })
        {
            await Fails(ErrorKind.InvalidValue, () => _store.LogBatchAsync(run.RunId, batch, default));
        }

        await _store.LogBatchAsync(run.RunId, new() { Params = [new("p", new string('x', 6000))], Tags = [new("t", new string('x', 8000))] }, default);
    }

    [Theory]
    [InlineData("a", "a/b")]
    [InlineData("a/b", "a")]
    [InlineData("x/y/z", "x/y")]
    public async Task Two_keys_that_would_be_a_file_and_its_folder_do_not_go_together(string first, string second)
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);

        await Fails(ErrorKind.InvalidValue,
            () => _store.LogBatchAsync(run.RunId, new() { Params = [new(first, "1"), new(second, "1")] }, default));
        await _store.LogBatchAsync(run.RunId, new() { Params = [new(first, "1")], Metrics = [new(first, 1, Start)], Tags = [new(first, "1")] }, default);
        foreach (RunData batch in new RunData[]
        {
            new() { Params = [new(second, "1")] }, new() { Metrics = [new(second, 1, Start)] }, new() { Tags = [new(second, "1")] },
        })
        {
            await Fails(ErrorKind.InvalidValue, () => _store.LogBatchAsync(run.RunId, batch, default));
        }
    }

    [Fact]
    public async Task A_tag_that_goes_leaves_its_name_free()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        await _store.LogBatchAsync(run.RunId, new() { Tags = [new("a/b/c", "1")] }, default);
        await _store.DeleteTagAsync(run.RunId, "a/b/c", default);

        await _store.LogBatchAsync(run.RunId, new() { Tags = [new("a", "2")] }, default);

        Assert.Equal("2", (await _store.GetRunAsync(run.RunId, default)).Tags["a"]);
    }

    [Theory]
    [InlineData("a:b", "colon")]
    [InlineData("CON", "device")]
    [InlineData("x/com1.txt", "device")]
    [InlineData("a./b", "period")]
    [InlineData("a ", "space")]
    public void A_key_that_Windows_cannot_store_says_so(string key, string why)
    {
        Assert.Contains(why, FileNames.WhyInvalid(key, onWindows: true), StringComparison.Ordinal);
        Assert.Null(FileNames.WhyInvalid(key, onWindows: false));
    }

    [Fact]
    public void A_key_that_is_too_long_for_a_file_name_says_so() =>
        Assert.Contains("255 bytes", FileNames.WhyInvalid("a/" + new string('世', 86), onWindows: false), StringComparison.Ordinal);

    [Fact]
    public async Task Metric_lines_of_every_MLflow_are_read()
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", Start), default);
        string folder = Path.Combine(_root, "0", run.RunId, "metrics");
        await File.WriteAllTextAsync(Path.Combine(folder, "old"), $"{Start} 1\n{Start + 1} 2\n");
        // MLflow 3 ignores the step of a point with a dataset.
        await File.WriteAllTextAsync(Path.Combine(folder, "dataset"), $"{Start} 1.0 5 name digest\n{Start} 2.0 4 name digest\n");
        // Every version of MLflow reads an unterminated last line.
        await File.WriteAllTextAsync(Path.Combine(folder, "unended"), $"{Start} 1.0 0\n{Start} -inf 1");
        await File.WriteAllTextAsync(Path.Combine(folder, "empty"), "");

        Run read = await _store.GetRunAsync(run.RunId, default);

        Assert.Equal(new Dictionary<string, double> { ["old"] = 2, ["dataset"] = 2, ["unended"] = double.NegativeInfinity }, read.Metrics);
    }

    [Fact]
    public async Task What_is_foreign_is_passed_over_by_searches_and_named_when_asked_for()
    {
        Run good = await _store.CreateRunAsync(new("0", "good", "me", Start), default);
        Directory.CreateDirectory(Path.Combine(_root, "0", "foreign"));
        Directory.CreateDirectory(Path.Combine(_root, "models", "m"));
        Directory.CreateDirectory(Path.Combine(_root, "123"));
        Directory.CreateDirectory(Path.Combine(_root, "456"));
        File.Copy(Path.Combine(_root, "0", "meta.yaml"), Path.Combine(_root, "456", "meta.yaml"));

        Assert.Equal("Default", Assert.Single((await _store.SearchExperimentsAsync(new(), null, default)).Items).Name);
        Assert.Equal(good.RunId, Assert.Single((await _store.SearchRunsAsync(new(["0", "123", "nowhere"]), null, default)).Items).RunId);
        Assert.Equal(good.RunId, Assert.Single((await _store.SearchRunsAsync(new(["0"], "tags.`mlflow.runName` != ''"), null, default)).Items).RunId);

        await Fails(ErrorKind.StoreInvalid, () => _store.GetRunAsync("foreign", default));
        await Fails(ErrorKind.StoreInvalid, () => _store.GetExperimentAsync("123", default));
        await Fails(ErrorKind.StoreInvalid, () => _store.GetExperimentAsync("456", default));
        await Fails(ErrorKind.ExperimentNotFound, () => _store.GetExperimentAsync("models", default));
        await Fails(ErrorKind.ExperimentNotFound, () => _store.GetExperimentAsync("../..", default));
        await Fails(ErrorKind.InvalidValue, () => _store.GetRunAsync("../0", default));
    }

    [Fact]
    public async Task A_file_in_place_of_the_directory_is_an_error_that_names_it()
    {
        string file = _folder.Below("file");
        await File.WriteAllTextAsync(file, "");
        using var store = new DirectoryStore(file);

        MlflowException failure = await Fails(ErrorKind.StoreInvalid, () => store.CreateExperimentAsync(new("x"), default));
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_relative_path_is_refused() => Assert.Throws<ArgumentException>(() => new DirectoryStore("mlruns"));

    private static async Task<MlflowException> Fails(ErrorKind kind, Func<Task> action)
    {
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(action);
        Assert.Equal(kind, failure.Kind);
        return failure;
    }
}
