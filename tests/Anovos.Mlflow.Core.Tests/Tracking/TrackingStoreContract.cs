using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Tests the common behavior of every <see cref="ITrackingStore"/>: a directory, and servers over sqlite or over a directory. A derived
/// class creates the store. Other tests may use the same store, so each test has its own experiments.
/// </summary>
public abstract class TrackingStoreContract : IDisposable
{
    private const long Start = 1_700_000_000_000;
    private const string NoRun = "00000000000000000000000000000000";

    private readonly Lazy<ITrackingStore> _store;

    protected TrackingStoreContract() => _store = new(CreateStore);

    protected ITrackingStore Store => _store.Value;

    /// <summary>Creates the store under test, once per test; may skip the test.</summary>
    protected abstract ITrackingStore CreateStore();

    /// <summary>A key with all kinds of characters that the store can hold.</summary>
    protected virtual string OddKey => "a b:c-d";

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_new_experiment_is_found_by_its_name_and_by_its_id()
    {
        string name = Fresh("größe 世界/a #1 %");
        string id = await Store.CreateExperimentAsync(new(name) { Tags = [new("team", "ops"), new("note", "ü\n2")] }, default);

        foreach (Experiment? found in new[] { await Store.FindExperimentAsync(name, default), await Store.GetExperimentAsync(id, default) })
        {
            Assert.NotNull(found);
            Assert.Equal(id, found.ExperimentId);
            Assert.Equal(name, found.Name);
            Assert.Equal(LifecycleStage.Active, found.LifecycleStage);
            Assert.NotEmpty(found.ArtifactLocation);
            Assert.NotNull(found.CreationTime);
            Assert.Equal("ops", found.Tags["team"]);
            Assert.Equal("ü\n2", found.Tags["note"]);
        }
    }

    [Fact]
    public async Task An_artifact_location_is_kept()
    {
        string id = await Store.CreateExperimentAsync(new(Fresh("located"), "s3://bucket/path"), default);

        Assert.Equal("s3://bucket/path", (await Store.GetExperimentAsync(id, default)).ArtifactLocation);
    }

    [Fact]
    public async Task An_unknown_name_finds_no_experiment() => Assert.Null(await Store.FindExperimentAsync(Fresh("none"), default));

    [Fact]
    public Task An_unknown_experiment_id_is_an_error() =>
        Fails(ErrorKind.ExperimentNotFound, () => Store.GetExperimentAsync("999999", default));

    [Fact]
    public async Task A_name_is_given_to_one_experiment_only()
    {
        string name = Fresh("twice");
        await Store.CreateExperimentAsync(new(name), default);

        await Fails(ErrorKind.ExperimentExists, () => Store.CreateExperimentAsync(new(name), default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(501)]
    public Task A_name_has_one_to_500_characters(int length) =>
        Fails(ErrorKind.InvalidValue, () => Store.CreateExperimentAsync(new(new string('n', length)), default));

    [Fact]
    public async Task Experiments_come_newest_first_and_in_pages()
    {
        var made = new List<string>();
        for (int i = 0; i < 3; i++)
        {
            made.Add(await Store.CreateExperimentAsync(new(Fresh("page")), default));
            await Task.Delay(10);
        }

        var found = new List<string>();
        string? token = null;
        do
        {
            Page<Experiment> page = await Store.SearchExperimentsAsync(new(MaxResults: 2), token, default);
            Assert.True(page.Items.Count <= 2);
            found.AddRange(page.Items.Select(experiment => experiment.ExperimentId));
            token = page.NextPageToken;
        }
        while (token is not null && !made.TrueForAll(found.Contains));

        made.Reverse();
        Assert.Equal(made, found.Where(made.Contains));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50_001)]
    public Task A_page_of_experiments_has_one_to_50000(int size) =>
        Fails(ErrorKind.InvalidValue, () => Store.SearchExperimentsAsync(new(MaxResults: size), null, default));

    [Fact]
    public async Task A_new_run_is_running_and_has_what_it_was_given()
    {
        string experiment = await NewExperiment();
        var asked = new NewRun(experiment, "nächtlich", "tester", Start) { Tags = [new("mlflow.source.type", "LOCAL"), new("a", "1")] };

        Run made = await Store.CreateRunAsync(asked, default);

        foreach (Run run in new[] { made, await Store.GetRunAsync(made.RunId, default) })
        {
            Assert.Matches("^[0-9a-f]{32}$", run.RunId);
            Assert.Equal(made.RunId, run.RunId);
            Assert.Equal(experiment, run.ExperimentId);
            Assert.Equal("nächtlich", run.RunName);
            Assert.Equal("tester", run.UserId);
            Assert.Equal(RunStatus.Running, run.Status);
            Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(Start), run.StartTime);
            Assert.Null(run.EndTime);
            Assert.Equal(LifecycleStage.Active, run.LifecycleStage);
            Assert.EndsWith($"{run.RunId}/artifacts", run.ArtifactUri, StringComparison.Ordinal);
            Assert.Equal(Store.TrackingUri, run.TrackingUri);
            Assert.Equal("LOCAL", run.Tags["mlflow.source.type"]);
            Assert.Equal("1", run.Tags["a"]);
            Assert.Equal("nächtlich", run.Tags["mlflow.runName"]);
        }
    }

    [Fact]
    public async Task A_run_without_a_name_gets_one()
    {
        Run run = await Store.CreateRunAsync(new(await NewExperiment(), null, "tester", Start), default);

        Assert.NotEmpty(run.RunName);
        Assert.Equal(run.RunName, run.Tags["mlflow.runName"]);
    }

    [Fact]
    public async Task A_run_cannot_have_two_names()
    {
        string experiment = await NewExperiment();

        await Fails(ErrorKind.InvalidValue,
            () => Store.CreateRunAsync(new(experiment, "x", "tester", Start) { Tags = [new("mlflow.runName", "y")] }, default));
    }

    [Fact]
    public Task A_run_needs_an_experiment() =>
        Fails(ErrorKind.ExperimentNotFound, () => Store.CreateRunAsync(new("999999", "x", "tester", Start), default));

    [Fact]
    public async Task An_unknown_run_id_is_an_error()
    {
        await Fails(ErrorKind.RunNotFound, () => Store.GetRunAsync(NoRun, default));
        await Fails(ErrorKind.RunNotFound, () => Store.UpdateRunAsync(new(NoRun, RunStatus.Finished), default));
        await Fails(ErrorKind.RunNotFound, () => Store.LogBatchAsync(NoRun, new() { Params = [new("p", "1")] }, default));
    }

    [Fact]
    public async Task A_batch_reads_back_as_it_was_written()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new()
        {
            Params = [new("read.file_path", "data/a b.csv"), new("write/file_type", "größe 世界 😀"), new("empty", ""), new("lines", "a\nb\r\n")],
            Metrics = [new("loss", 0.5, Start, 1), new("counts/age/missing_pct", 0.25, Start), new(OddKey, -3, Start)],
            Tags = [new("team", "ops"), new("mlflow.note.content", "# Title\n\ttext "), new("größe", "ü")],
        }, default);

        Run read = await Store.GetRunAsync(run, default);

        Assert.Equal(new Dictionary<string, string>
        {
            ["read.file_path"] = "data/a b.csv",
            ["write/file_type"] = "größe 世界 😀",
            ["empty"] = "",
            ["lines"] = "a\nb\r\n",
        }, read.Params);
        Assert.Equal(new Dictionary<string, double> { ["loss"] = 0.5, ["counts/age/missing_pct"] = 0.25, [OddKey] = -3 }, read.Metrics);
        Assert.Equal("ops", read.Tags["team"]);
        Assert.Equal("# Title\n\ttext ", read.Tags["mlflow.note.content"]);
        Assert.Equal("ü", read.Tags["größe"]);
    }

    [Fact]
    public async Task An_empty_batch_changes_nothing()
    {
        string id = await NewRun();
        await Store.LogBatchAsync(id, new() { Params = [new("p", "1")], Metrics = [new("m", 2, Start)], Tags = [new("t", "3")] }, default);
        Run before = await Store.GetRunAsync(id, default);

        await Store.LogBatchAsync(id, new(), default);

        Run after = await Store.GetRunAsync(id, default);
        Assert.Equal(before.Params, after.Params);
        Assert.Equal(before.Metrics, after.Metrics);
        Assert.Equal(before.Tags, after.Tags);
        Assert.Equal((before.Status, before.RunName), (after.Status, after.RunName));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1.0 / 3)]
    [InlineData(-123456789.123)]
    [InlineData(1e-7)]
    [InlineData(1e16)]
    [InlineData(1.7976931348623157e308)]
    [InlineData(2.2250738585072014e-308)]
    [InlineData(9007199254740993.0)]
    public async Task A_metric_keeps_every_bit(double value)
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Metrics = [new("m", value, Start)] }, default);

        Assert.Equal(value, (await Store.GetRunAsync(run, default)).Metrics["m"]);
    }

    [Fact]
    public async Task What_is_no_number_or_infinite_is_a_metric_too()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new()
        {
            Metrics = [new("nan", double.NaN, Start), new("up", double.PositiveInfinity, Start), new("down", double.NegativeInfinity, Start), new("after", 1, Start)],
        }, default);

        IReadOnlyDictionary<string, double> metrics = (await Store.GetRunAsync(run, default)).Metrics;
        Assert.Equal(double.NaN, metrics["nan"]);
        // A database stores the largest finite number instead of infinity.
        Assert.True(metrics["up"] >= double.MaxValue);
        Assert.True(metrics["down"] <= double.MinValue);
        Assert.Equal(1, metrics["after"]);
    }

    [Fact]
    public async Task The_value_of_a_metric_is_that_of_the_largest_step_then_the_latest_time()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Metrics = [new("step", 1, Start, 5), new("step", 2, Start + 9, 4), new("neg", 1, Start, -3)] }, default);
        await Store.LogBatchAsync(run, new() { Metrics = [new("time", 1, Start + 1, 1), new("time", 2, Start, 1)] }, default);

        IReadOnlyDictionary<string, double> metrics = (await Store.GetRunAsync(run, default)).Metrics;
        Assert.Equal(1, metrics["step"]);
        Assert.Equal(1, metrics["time"]);
        Assert.Equal(1, metrics["neg"]);
    }

    [Fact]
    public async Task A_full_batch_is_taken()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new()
        {
            Params = [.. Enumerable.Range(0, 100).Select(i => new Param($"p{i}", $"{i}"))],
            Tags = [.. Enumerable.Range(0, 100).Select(i => new Tag($"t{i}", $"{i}"))],
            Metrics = [.. Enumerable.Range(0, 800).Select(i => new Metric("m", i, Start + i, i))],
        }, default);

        Run read = await Store.GetRunAsync(run, default);
        Assert.Equal(100, read.Params.Count);
        Assert.Equal(799, read.Metrics["m"]);
        Assert.Equal("99", read.Tags["t99"]);
    }

    [Fact]
    public async Task Batches_as_large_as_the_limits_allow_are_accepted()
    {
        StoreLimits limits = Store.Limits;
        string run = await NewRun();
        var full = new RunData
        {
            Params = [.. Enumerable.Range(0, limits.BatchParams).Select(i => new Param($"p{i}", $"{i}"))],
            Tags = [.. Enumerable.Range(0, limits.BatchTags).Select(i => new Tag($"t{i}", $"{i}"))],
            Metrics = [.. Enumerable.Range(limits.BatchParams + limits.BatchTags, limits.BatchTotal - limits.BatchParams - limits.BatchTags)
                .Select(i => new Metric("m", i, Start + i, i))],
        };
        await Store.LogBatchAsync(run, full, default);
        var metrics = new RunData { Metrics = [.. Enumerable.Range(0, limits.BatchMetrics).Select(i => new Metric("n", i, Start + i, i))] };
        await Store.LogBatchAsync(run, metrics, default);
        RunData bytes = RunDataBatches.Split(new RunData
        {
            Params = [.. Enumerable.Range(0, limits.BatchParams).Select(i => new Param($"long{i}", new string('p', limits.ParamValue)))],
            Tags = [.. Enumerable.Range(0, limits.BatchTags).Select(i => new Tag($"long{i}", new string('t', limits.TagValue)))],
        }, limits).First();
        int length = bytes.Params.Sum(param => param.Value.Length) + bytes.Tags.Sum(tag => tag.Value.Length);
        Assert.InRange(length, limits.BatchBytes * 9 / 10, limits.BatchBytes);
        await Store.LogBatchAsync(run, bytes, default);

        Run read = await Store.GetRunAsync(run, default);
        Assert.Equal(limits.BatchTotal - 1, read.Metrics["m"]);
        Assert.Equal(limits.BatchMetrics - 1, read.Metrics["n"]);
        Assert.All([.. full.Params, .. bytes.Params], param => Assert.Equal(param.Value, read.Params[param.Key]));
        Assert.All([.. full.Tags, .. bytes.Tags], tag => Assert.Equal(tag.Value, read.Tags[tag.Key]));
    }

    [Fact]
    public async Task Names_keys_and_values_as_long_as_the_limits_allow_are_kept_whole()
    {
        StoreLimits limits = Store.Limits;
        string name = Fresh("long").PadRight(limits.ExperimentName, 'n');
        string experiment = await Store.CreateExperimentAsync(new(name), default);
        string run = (await Store.CreateRunAsync(new(experiment, "run", "tester", Start), default)).RunId;
        string key = new('k', limits.Key), param = new('p', limits.ParamValue), tag = new('t', limits.TagValue);
        var longest = new RunData { Params = [new(key, param)], Metrics = [new(key, 1, Start)], Tags = [new(key, tag)] };
        await Store.LogBatchAsync(run, longest, default);

        Run read = await Store.GetRunAsync(run, default);
        Assert.Equal(name, (await Store.GetExperimentAsync(experiment, default)).Name);
        Assert.Equal(param, read.Params[key]);
        Assert.Equal(1, read.Metrics[key]);
        Assert.Equal(tag, read.Tags[key]);
    }

    [Fact]
    public async Task A_param_may_be_written_again_with_the_same_value()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Params = [new("lr", "0.1")] }, default);
        await Store.LogBatchAsync(run, new() { Params = [new("lr", "0.1"), new("other", "1")] }, default);

        Assert.Equal("1", (await Store.GetRunAsync(run, default)).Params["other"]);
    }

    [Fact]
    public async Task A_param_cannot_change_and_the_batch_that_tries_stores_nothing()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Params = [new("lr", "0.1")] }, default);

        MlflowException failure = await Fails(ErrorKind.ParameterConflict, () => Store.LogBatchAsync(run, new()
        {
            Params = [new("lr", "0.2"), new("fresh", "1")],
            Metrics = [new("m", 1, Start)],
            Tags = [new("t", "1")],
        }, default));

        Assert.Contains("lr", failure.Message, StringComparison.Ordinal);
        Run read = await Store.GetRunAsync(run, default);
        Assert.Equal(new Dictionary<string, string> { ["lr"] = "0.1" }, read.Params);
        Assert.Empty(read.Metrics);
        Assert.DoesNotContain("t", read.Tags);
    }

    [Fact]
    public async Task A_param_stands_in_a_batch_once()
    {
        string run = await NewRun();

        await Fails(ErrorKind.InvalidValue, () => Store.LogBatchAsync(run, new() { Params = [new("d", "1"), new("d", "1")] }, default));
    }

    [Theory]
    [InlineData("../up")]
    [InlineData("a//b")]
    [InlineData("5%")]
    public async Task A_key_that_MLflow_refuses_is_an_error(string key)
    {
        string run = await NewRun();

        await Fails(ErrorKind.InvalidValue, () => Store.LogBatchAsync(run, new() { Params = [new(key, "1")] }, default));
        await Fails(ErrorKind.InvalidValue, () => Store.LogBatchAsync(run, new() { Tags = [new(key, "1")] }, default));
        await Fails(ErrorKind.InvalidValue, () => Store.LogBatchAsync(run, new() { Metrics = [new(key, 1, Start)] }, default));
    }

    [Fact]
    public async Task A_tag_may_change_and_go()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Tags = [new("t", "1"), new("keep", "1")] }, default);
        await Store.LogBatchAsync(run, new() { Tags = [new("t", "2")] }, default);
        Assert.Equal("2", (await Store.GetRunAsync(run, default)).Tags["t"]);

        await Store.DeleteTagAsync(run, "t", default);

        Run read = await Store.GetRunAsync(run, default);
        Assert.DoesNotContain("t", read.Tags);
        Assert.Equal("1", read.Tags["keep"]);
        await Fails(ErrorKind.InvalidValue, () => Store.DeleteTagAsync(run, "t", default));
    }

    [Fact]
    public async Task The_tag_of_the_name_renames_the_run()
    {
        string run = await NewRun();
        await Store.LogBatchAsync(run, new() { Tags = [new("mlflow.runName", "by tag")] }, default);

        Assert.Equal("by tag", (await Store.GetRunAsync(run, default)).RunName);
    }

    [Fact]
    public async Task A_run_ends_and_is_renamed_and_goes_on()
    {
        string run = await NewRun();
        await Store.UpdateRunAsync(new(run, RunStatus.Failed, Start + 60_000), default);
        Run ended = await Store.GetRunAsync(run, default);
        Assert.Equal(RunStatus.Failed, ended.Status);
        Assert.Equal(TimeSpan.FromMinutes(1), ended.Duration);

        await Store.UpdateRunAsync(new(run, RunName: "renamed"), default);
        Run renamed = await Store.GetRunAsync(run, default);
        Assert.Equal("renamed", renamed.RunName);
        Assert.Equal("renamed", renamed.Tags["mlflow.runName"]);
        Assert.Equal(RunStatus.Failed, renamed.Status);

        await Store.LogBatchAsync(run, new() { Metrics = [new("late", 1, Start)] }, default);
        await Store.UpdateRunAsync(new(run, RunStatus.Running), default);
        Run resumed = await Store.GetRunAsync(run, default);
        Assert.Equal(RunStatus.Running, resumed.Status);
        Assert.Equal(1, resumed.Metrics["late"]);
    }

    [Fact]
    public async Task Runs_come_in_pages_with_all_their_data()
    {
        var search = new RunSearch([await SomeRuns()]) { MaxResults = 3, OrderBy = ["start_time ASC"] };

        Page<Run> first = await Store.SearchRunsAsync(search, null, default);
        Page<Run> last = await Store.SearchRunsAsync(search, first.NextPageToken, default);

        Assert.Equal("a b c", string.Join(' ', first.Items.Select(run => run.RunName)));
        Assert.Equal("tree", first.Items[0].Params["model"]);
        Assert.Equal(0.5, first.Items[0].Metrics["rmse"]);
        Assert.Equal("ops", first.Items[0].Tags["team"]);
        Assert.Equal("d", Assert.Single(last.Items).RunName);
        Assert.Null(last.NextPageToken);
    }

    [Fact]
    public async Task A_search_looks_in_the_experiments_named_and_in_the_stages_named()
    {
        string one = await SomeRuns(), other = await SomeRuns();

        Assert.Equal(8, (await Store.SearchRunsAsync(new([one, other]), null, default)).Items.Count);
        Assert.Equal(4, (await Store.SearchRunsAsync(new([one]) { ViewType = ViewType.All }, null, default)).Items.Count);
        Assert.Empty((await Store.SearchRunsAsync(new([one]) { ViewType = ViewType.DeletedOnly }, null, default)).Items);
        Assert.Empty((await Store.SearchRunsAsync(new([]), null, default)).Items);
    }

    [Fact]
    public async Task A_run_names_each_dataset_that_it_reads_once()
    {
        string run = await NewRun();
        var income = new DatasetInput("input_dataset", "0123456789abcdef", "local", """{"uri": "data/größe #1: 'x'"}""")
        {
            Profile = """{"files":3}""",
            Tags = [new(DatasetInput.ContextTag, "input"), new("note", "yes")],
        };
        var join = new DatasetInput("join_dataset.dataset1", "12345678", "s3", """{"uri": "s3://bucket/p"}""");

        await Store.LogInputsAsync(run, [income, join], default);
        await Store.LogInputsAsync(run, [income], default);
        await Store.LogInputsAsync(run, [], default);

        DatasetInput[] read = [.. (await Store.GetRunAsync(run, default)).Inputs.OrderBy(input => input.Name)];
        Assert.Equal([income with { Tags = [] }, join with { Tags = [] }], read.Select(input => input with { Tags = [] }));
        Assert.Equal(income.Tags.OrderBy(tag => tag.Key), read[0].Tags.OrderBy(tag => tag.Key));
        Assert.Empty(read[1].Tags);
    }

    [Fact]
    public async Task Inputs_of_a_run_that_is_not_there_are_an_error() => await Fails(
        ErrorKind.RunNotFound, () => Store.LogInputsAsync(NoRun, [new("a", "b", "local", "{}")], default));

    [Fact]
    public async Task A_renamed_experiment_is_found_by_its_new_name_only_and_keeps_the_rest()
    {
        string before = Fresh("before"), after = Fresh("größe: 世 #1 'x' \"y\"");
        string id = await Store.CreateExperimentAsync(new(before) { Tags = [new("a", "1")] }, default);

        await Store.RenameExperimentAsync(id, after, default);
        await Store.RenameExperimentAsync(id, after, default);

        Assert.Null(await Store.FindExperimentAsync(before, default));
        Experiment found = (await Store.FindExperimentAsync(after, default))!;
        Assert.Equal((id, LifecycleStage.Active, "1"), (found.ExperimentId, found.LifecycleStage, found.Tags["a"]));
        Assert.Equal(Store.TrackingUri, found.TrackingUri);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_not_given_even_by_one_in_the_trash()
    {
        string taken = Fresh("taken"), id = await NewExperiment(), other = await Store.CreateExperimentAsync(new(taken), default);

        await Fails(ErrorKind.ExperimentExists, () => Store.RenameExperimentAsync(id, taken, default));
        await Store.MoveExperimentAsync(other, LifecycleStage.Deleted, default);
        await Fails(ErrorKind.ExperimentExists, () => Store.RenameExperimentAsync(id, taken, default));
        await Fails(ErrorKind.InvalidValue, () => Store.RenameExperimentAsync(id, "", default));
        await Fails(ErrorKind.ExperimentNotFound, () => Store.RenameExperimentAsync("999999", Fresh("x"), default));
    }

    [Fact]
    public async Task A_tag_of_an_experiment_is_set_and_replaced()
    {
        string id = await NewExperiment();

        await Store.SetExperimentTagAsync(id, new("team/x", "ops"), default);
        await Store.SetExperimentTagAsync(id, new("team/x", "größe\n2"), default);

        Assert.Equal("größe\n2", (await Store.GetExperimentAsync(id, default)).Tags["team/x"]);
        await Fails(ErrorKind.ExperimentNotFound, () => Store.SetExperimentTagAsync("999999", new("a", "b"), default));
    }

    [Fact]
    public async Task A_removed_experiment_is_in_the_trash_with_its_runs_until_it_is_restored()
    {
        string name = Fresh("trash"), id = await Store.CreateExperimentAsync(new(name), default);
        string run = (await Store.CreateRunAsync(new(id, "run", "tester", Start), default)).RunId;
        await Store.LogBatchAsync(run, new() { Params = [new("p", "1")] }, default);

        // Twice, because the response to the first request may have been lost.
        await Store.MoveExperimentAsync(id, LifecycleStage.Deleted, default);
        await Store.MoveExperimentAsync(id, LifecycleStage.Deleted, default);

        Assert.Equal(LifecycleStage.Deleted, (await Store.FindExperimentAsync(name, default))!.LifecycleStage);
        Assert.Equal(LifecycleStage.Deleted, (await Store.GetRunAsync(run, default)).LifecycleStage);
        Assert.DoesNotContain(id, await Ids(ViewType.ActiveOnly));
        Assert.Contains(id, await Ids(ViewType.DeletedOnly));
        Assert.Empty((await Store.SearchRunsAsync(new([id]), null, default)).Items);
        await Fails(ErrorKind.InvalidValue, () => Store.RenameExperimentAsync(id, Fresh("x"), default));
        await Fails(ErrorKind.InvalidValue, () => Store.SetExperimentTagAsync(id, new("a", "b"), default));

        await Store.MoveExperimentAsync(id, LifecycleStage.Active, default);
        await Store.MoveExperimentAsync(id, LifecycleStage.Active, default);

        Assert.Equal(LifecycleStage.Active, (await Store.GetExperimentAsync(id, default)).LifecycleStage);
        Run back = Assert.Single((await Store.SearchRunsAsync(new([id]), null, default)).Items);
        Assert.Equal((run, "1"), (back.RunId, back.Params["p"]));
        await Store.LogBatchAsync(run, new() { Params = [new("q", "2")] }, default);
        await Fails(ErrorKind.ExperimentNotFound, () => Store.MoveExperimentAsync("999999", LifecycleStage.Deleted, default));

        async Task<string[]> Ids(ViewType view) => [.. (await Store.SearchExperimentsAsync(new(view, 50_000), null, default)).Items.Select(experiment => experiment.ExperimentId)];
    }

    [Fact]
    public async Task A_removed_run_is_in_the_trash_until_it_is_restored()
    {
        string experiment = await SomeRuns();
        Run run = (await Store.SearchRunsAsync(new([experiment], "run_name = 'a'"), null, default)).Items[0];

        await Store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);
        await Store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);

        Assert.Equal(LifecycleStage.Deleted, (await Store.GetRunAsync(run.RunId, default)).LifecycleStage);
        Assert.Equal(["d", "c", "b"], (await Store.SearchRunsAsync(new([experiment]), null, default)).Items.Select(one => one.RunName));
        Assert.Equal(["a"], (await Store.SearchRunsAsync(new([experiment]) { ViewType = ViewType.DeletedOnly }, null, default)).Items.Select(one => one.RunName));
        await Fails(ErrorKind.InvalidValue, () => Store.LogBatchAsync(run.RunId, new() { Params = [new("late", "1")] }, default));

        await Store.MoveRunAsync(run.RunId, LifecycleStage.Active, default);
        await Store.MoveRunAsync(run.RunId, LifecycleStage.Active, default);

        Run back = await Store.GetRunAsync(run.RunId, default);
        Assert.Equal((LifecycleStage.Active, "tree", 0.5, "ops"), (back.LifecycleStage, back.Params["model"], back.Metrics["rmse"], back.Tags["team"]));
        await Fails(ErrorKind.RunNotFound, () => Store.MoveRunAsync(NoRun, LifecycleStage.Deleted, default));
        await Fails(ErrorKind.RunNotFound, () => Store.MoveRunAsync(NoRun, LifecycleStage.Active, default));
    }

    [Fact]
    public async Task What_is_cancelled_stops()
    {
        string experiment = await NewExperiment();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.FindExperimentAsync("x", cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.SearchRunsAsync(new([experiment]), null, cancelled));
    }

    protected static async Task<MlflowException> Fails(ErrorKind kind, Func<Task> action)
    {
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(action);
        Assert.Equal(kind, failure.Kind);
        Assert.NotEmpty(failure.Message);
        return failure;
    }

    protected static string Fresh(string name) => $"{name} {Guid.NewGuid():N}";

    protected Task<string> NewExperiment() => Store.CreateExperimentAsync(new(Fresh("contract")), default);

    protected async Task<string> NewRun() => (await Store.CreateRunAsync(new(await NewExperiment(), "run", "tester", Start), default)).RunId;

    protected virtual void Dispose(bool disposing)
    {
        if (disposing && _store.IsValueCreated)
            _store.Value.Dispose();
    }

    /// <summary>Four runs: a and b with a metric and a param, c with NaN and finished, d with nothing.</summary>
    protected async Task<string> SomeRuns()
    {
        string experiment = await NewExperiment();
        var runs = new Dictionary<string, string>();
        foreach (string name in new[] { "a", "b", "c", "d" })
            runs[name] = (await Store.CreateRunAsync(new(experiment, name, "tester", Start + runs.Count), default)).RunId;

        await Store.LogBatchAsync(runs["a"], new()
        {
            Metrics = [new("rmse", 0.5, Start)],
            Params = [new("model", "tree")],
            Tags = [new("team", "ops"), new("mlflow.source.type", "LOCAL")],
        }, default);
        await Store.LogBatchAsync(runs["b"], new() { Metrics = [new("rmse", 1.5, Start)], Params = [new("model", "linear")] }, default);
        await Store.LogBatchAsync(runs["c"], new() { Metrics = [new("rmse", double.NaN, Start)] }, default);
        await Store.UpdateRunAsync(new(runs["c"], RunStatus.Finished, Start + 5), default);
        return experiment;
    }
}
