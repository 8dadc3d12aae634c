using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Tests all of MLflow's search syntax, in stores that support it: a directory, and real servers.</summary>
public abstract class RunSearchContract : TrackingStoreContract
{
    [Fact]
    public async Task A_filter_finds_the_runs_that_it_names()
    {
        string experiment = await SomeRuns();
        foreach ((string filter, string expected) in new[]
        {
            ("", "a b c d"),
            ("metrics.rmse > 1", "b"),
            ("metric.rmse <= 1 and params.model = 'tree'", "a"),
            ("params.model != \"tree\"", "b"),
            ("parameter.`model` LIKE 'li%'", "b"),
            ("param.\"model\" ILIKE '%RE_'", "a"),
            ("tags.`mlflow.source.type` = 'LOCAL' AND tag.team = 'ops'", "a"),
            ("attributes.status = 'FINISHED'", "c"),
            ("status != 'FINISHED'", "a b d"),
            ("run_name LIKE '_' and start_time >= 1700000000002", "c d"),
            ("attr.end_time > 0", "c"),
            ("user_id = 'nobody'", ""),
            ("metrics.nowhere != 1", ""),
        })
        {
            Page<Run> found = await Store.SearchRunsAsync(new([experiment], filter), null, default);
            Assert.Equal(expected, string.Join(' ', found.Items.Select(run => run.RunName).Order(StringComparer.Ordinal)));
        }
    }

    [Theory]
    [InlineData("dataset.name = 'income'", "a b")]
    [InlineData("datasets.name = 'income' and dataset.digest = 'd2'", "b")]
    [InlineData("dataset.`name` != 'income'", "a c")]
    [InlineData("dataset.name LIKE 'inc%'", "a b")]
    [InlineData("dataset.name LIKE 'INC%'", "")]
    [InlineData("dataset.name ILIKE 'INC%'", "a b")]
    [InlineData("dataset.name IN ('x', 'other')", "a c")]
    [InlineData("dataset.name NOT IN ('income')", "a c")]
    [InlineData("dataset.digest = 'd1'", "a")]
    [InlineData("dataset.digest != 'd1'", "a b c")]
    [InlineData("dataset.digest LIKE 'd_'", "a b c")]
    [InlineData("dataset.digest IN ('d1', 'd2')", "a b")]
    [InlineData("dataset.digest NOT IN ('d3')", "a b")]
    [InlineData("dataset.context = 'train'", "a b")]
    [InlineData("dataset.context != 'train'", "c")]
    [InlineData("dataset.context ILIKE 'T%'", "a b c")]
    [InlineData("dataset.context IN ('test')", "c")]
    [InlineData("dataset.\"context\" NOT IN ('test')", "a b")]
    [InlineData("dataset.context = 'train' and dataset.name = 'other'", "a")]
    [InlineData("status = 'FINISHED' and dataset.context = 'test'", "c")]
    [InlineData("metrics.\"counts/age\" > 1", "a")]
    [InlineData("metrics.`counts/age` > 1", "a")]
    [InlineData("metrics.'counts/age' > 1", "a")]
    [InlineData("metrics.\"`counts/age`\" > 1", "a")]
    [InlineData("`metrics`.`counts/age` > 1", "a")]
    [InlineData("dataset.'name' = 'income'", "a b")]
    [InlineData("params.\"a/b c\" = 'x'", "a")]
    [InlineData("tags.`a/b` = 'y'", "a")]
    [InlineData("  ", "a b c d")]
    public async Task Datasets_and_quoted_keys_are_searched(string filter, string expected)
    {
        string experiment = await SomeRuns();
        Dictionary<string, string> runs = (await Store.SearchRunsAsync(new([experiment]), null, default)).Items
            .ToDictionary(run => run.RunName, run => run.RunId);
        DatasetInput Input(string name, string digest, string? context) =>
            new(name, digest, "local", "{}") { Tags = context is null ? [] : [new(DatasetInput.ContextTag, context)] };
        await Store.LogInputsAsync(runs["a"], [Input("income", "d1", "train"), Input("other", "d3", null)], default);
        await Store.LogInputsAsync(runs["b"], [Input("income", "d2", "train")], default);
        await Store.LogInputsAsync(runs["c"], [Input("other", "d3", "test")], default);
        await Store.LogBatchAsync(
            runs["a"],
            new RunData { Metrics = [new("counts/age", 3, 1)], Params = [new("a/b c", "x")], Tags = [new("a/b", "y")] },
            default);

        Page<Run> found = await Store.SearchRunsAsync(new([experiment], filter), null, default);

        Assert.Equal(expected, string.Join(' ', found.Items.Select(run => run.RunName).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("dataset.size = 'x'")]
    [InlineData("dataset.name > 'x'")]
    [InlineData("dataset.name = 1")]
    [InlineData("dataset.name IS NULL")]
    [InlineData("metrics.counts/age > 1")]
    [InlineData("\"metrics\".\"counts/age\" > 1")]
    public async Task A_filter_by_dataset_or_key_that_cannot_be_read_is_an_error(string filter)
    {
        string experiment = await NewExperiment();

        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment], filter), null, default));
    }

    [Fact]
    public async Task A_list_of_run_ids_finds_these_runs()
    {
        string experiment = await SomeRuns();
        IReadOnlyList<Run> all = (await Store.SearchRunsAsync(new([experiment]), null, default)).Items;

        Page<Run> two = await Store.SearchRunsAsync(new([experiment], $"run_id IN ('{all[0].RunId}', '{all[2].RunId}')"), null, default);
        Page<Run> rest = await Store.SearchRunsAsync(new([experiment], $"run_id NOT IN ('{all[0].RunId}')"), null, default);

        Assert.Equal([all[0].RunId, all[2].RunId], two.Items.Select(run => run.RunId));
        Assert.Equal(all.Skip(1).Select(run => run.RunId), rest.Items.Select(run => run.RunId));
    }

    [Fact]
    public async Task A_query_finds_the_runs_that_it_describes()
    {
        string experiment = await SomeRuns();
        Run odd = await Store.CreateRunAsync(new(experiment, "50%_'a'", "tester", 1_600_000_000_000) { Tags = [new("owner", "it's \"me\""), new("team", "o_s")] }, default);
        foreach ((RunQuery query, string expected) in new[]
        {
            (new RunQuery(), "50%_'a' a b c d"),
            (new RunQuery { Statuses = [RunStatus.Finished] }, "c"),
            (new RunQuery { Statuses = [RunStatus.Finished, RunStatus.Running] }, "50%_'a' a b c d"),
            (new RunQuery { Statuses = [RunStatus.Failed, RunStatus.Killed] }, ""),
            (new RunQuery { Since = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_002) }, "c d"),
            (new RunQuery { Name = "a" }, "a"),
            (new RunQuery { Name = "?" }, "a b c d"),
            (new RunQuery { Name = "5*'a'" }, "50%_'a'"),
            (new RunQuery { Name = "*_*" }, "50%_'a'"),
            (new RunQuery { Tags = [new("team", "ops")] }, "a"),
            (new RunQuery { Tags = [new("team", "o_s")] }, "50%_'a'"),
            (new RunQuery { Tags = [new("team", "o_s*")] }, "50%_'a'"),
            (new RunQuery { Tags = [new("team", "*"), new("mlflow.source.type", "LOC*")] }, "a"),
            (new RunQuery { Tags = [new("owner", "it's \"me\"")] }, "50%_'a'"),
            (new RunQuery { Filter = "metrics.rmse > 0", Name = "?", Statuses = [RunStatus.Running] }, "a b"),
        })
        {
            Page<Run> found = await Store.SearchRunsAsync(new([experiment], query.ToFilter()), null, default);
            Assert.Equal(expected, string.Join(' ', found.Items.Where(query.Matches).Select(run => run.RunName).Order(StringComparer.Ordinal)));
        }

        Assert.NotNull(odd);
    }

    [Fact]
    public async Task A_query_takes_an_exact_name_before_wildcards()
    {
        string experiment = await NewExperiment();
        foreach (string name in new[] { "fold [1]", "fold 1", "fold *", "Fold *", "back`[tick", "back[tick", "it's \"x\" *", "a\\b" })
            await Store.CreateRunAsync(new(experiment, name, "tester", 1_700_000_000_000), default);
        foreach ((string name, string expected) in new[]
        {
            ("fold [1]", "fold [1]"),
            ("fold `[1`]", "fold [1]"),
            ("fold [*", "fold [1]"),
            ("fold *", "fold *"),
            ("fold `*", "fold *"),
            ("fold ?", "fold *|fold 1"),
            ("fold `**", "fold *"),
            ("Fold *", "Fold *"),
            ("FOLD *", ""),
            ("back`[tick", "back`[tick"),
            ("back[tick", "back[tick"),
            ("it's \"x\" *", "it's \"x\" *"),
            ("a\\*", "a\\b"),
            ("[", ""),
        })
        {
            var search = new RunSearch([experiment]);
            RunQuery query = await new RunQuery { Name = name }.ResolveNameAsync(Store, search, default);
            Page<Run> found = await Store.SearchRunsAsync(search with { Filter = query.ToFilter() }, null, default);
            Assert.Equal(expected, string.Join('|', found.Items.Where(query.Matches).Select(run => run.RunName).Order(StringComparer.Ordinal)));
        }
    }

    [Fact]
    public async Task A_wildcard_in_the_value_of_a_tag_can_be_escaped()
    {
        string experiment = await NewExperiment();
        foreach (string value in new[] { "[a]", "*", "b`*" })
            await Store.CreateRunAsync(new(experiment, value, "tester", 1_700_000_000_000) { Tags = [new("team", value)] }, default);
        foreach ((string value, string expected) in new[] { ("[a]", "[a]"), ("`[a`]", "[a]"), ("`*", "*"), ("b`*", "b`*"), ("[*", "[a]"), ("?", "*") })
        {
            var query = new RunQuery { Tags = [new("team", value)] };
            Page<Run> found = await Store.SearchRunsAsync(new([experiment], query.ToFilter()), null, default);
            Assert.Equal(expected, string.Join('|', found.Items.Where(query.Matches).Select(run => run.RunName).Order(StringComparer.Ordinal)));
        }
    }

    [Theory]
    [InlineData(new string[0], "d c b a")]
    [InlineData(new[] { "start_time ASC" }, "a b c d")]
    [InlineData(new[] { "metrics.rmse" }, "a b c d")]
    [InlineData(new[] { "metrics.rmse DESC" }, "b a c d")]
    [InlineData(new[] { "params.model ASC", "run_name DESC" }, "b a d c")]
    [InlineData(new[] { "attributes.run_name DESC" }, "d c b a")]
    [InlineData(new[] { "metrics.'rmse' DESC" }, "b a c d")]
    [InlineData(new[] { "metrics.\"no/such\"", "params.`model` ASC", "run_name DESC" }, "b a d c")]
    public async Task Runs_come_in_the_order_asked_for_with_the_missing_last(string[] orderBy, string expected)
    {
        Page<Run> found = await Store.SearchRunsAsync(new([await SomeRuns()]) { OrderBy = orderBy }, null, default);

        Assert.Equal(expected, string.Join(' ', found.Items.Select(run => run.RunName)));
    }

    [Theory]
    [InlineData("metrics.sm >")]
    [InlineData("metrics.sm > 'text'")]
    [InlineData("params.p = 1")]
    [InlineData("params.p = 'a' OR params.p = 'b'")]
    [InlineData("nonsense = 'a'")]
    public async Task A_filter_that_cannot_be_read_is_an_error(string filter)
    {
        string experiment = await NewExperiment();

        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment], filter), null, default));
    }

    [Fact]
    public async Task An_order_a_token_and_a_size_that_cannot_be_are_errors()
    {
        string experiment = await NewExperiment();

        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment]) { OrderBy = ["nonsense ASC"] }, null, default));
        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment]) { OrderBy = ["dataset.name"] }, null, default));
        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment]), "xx", default));
        await Fails(ErrorKind.InvalidValue, () => Store.SearchRunsAsync(new([experiment]) { MaxResults = 50_001 }, null, default));
    }
}
