using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Compares a search in SQL with the same filter and order in memory: both find the same runs in the same order.</summary>
public sealed class SqliteSearchTests : IDisposable
{
    private const long Start = 1_700_000_000_000;
    private const int Runs = 60;

    // No characters between U+E000 and U+FFFF together with one beyond: UTF-8 and UTF-16 order them differently.
    private static readonly string[] Texts =
        ["", "a", "A", "ab", "aB_", "a%b", "ä", "Ä", "ß", "İ", "ı", "K", "k", "x😀y", "' or 1=1 --", "null", "0", "10", "9"];

    private static readonly string[] Patterns =
        ["%", "_", "a%", "A_", "%b%", "_b_", "ä", "%😀%", "x__y", "x_y", "", "%%", "ı", "%K", "a\\%b"];

    private static readonly double[] Numbers =
        [0, -0.0, 1, -1, 0.5, 5e-324, 1e300, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    private static readonly string[] Keys = ["k", "K", "a/b", "größe"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_filter_and_an_order_mean_the_same_as_SQL_and_in_memory(int seed)
    {
        var random = new Random(seed);
        using var store = new SqliteStore(_folder.Below("mlflow.db"));
        var experiments = new string[2];
        for (int i = 0; i < experiments.Length; i++)
            experiments[i] = await store.CreateExperimentAsync(new($"{i}"), default);
        await FillAsync(store, experiments, random);
        IReadOnlyList<Run> all = (await store.SearchRunsAsync(new(experiments) { ViewType = ViewType.All }, null, default)).Items;
        Assert.Equal(Runs, all.Count);

        int found = 0;
        for (int i = 0; i < 400; i++)
        {
            string filter = string.Join(" and ", Enumerable.Range(0, random.Next(0, 3)).Select(_ => Condition(random, all)));
            string[] order = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => Order(random))];
            var search = new RunSearch(random.Next(3) == 0 ? experiments : [experiments[0]], filter)
            {
                OrderBy = order,
                ViewType = (ViewType)random.Next(3),
                MaxResults = random.Next(1, 2 * Runs),
            };

            IEnumerable<Run> passing = all
                .Where(run => search.ExperimentIds.Contains(run.ExperimentId) && IsIn(search.ViewType, run))
                .Where(RunFilter.Parse(filter).Matches);
            List<Run> wanted = RunOrder.Parse(order).Sort(passing, run => run);
            List<Run> read = await PageWalker.ReadAllAsync(page => store.SearchRunsAsync(search, page, default));

            Assert.True(
                wanted.Select(run => run.RunId).SequenceEqual(read.Select(run => run.RunId)),
                $"seed {seed}: \"{filter}\" by [{string.Join(", ", order)}], {search.ViewType}");
            found += read.Count;
        }

        Assert.True(found > Runs, "the filters let nothing pass");
    }

    [Fact]
    public async Task The_pages_of_a_search_do_not_overlap_while_runs_arrive_and_go()
    {
        using var store = new SqliteStore(_folder.Below("mlflow.db"));
        var before = new List<string>();
        for (int i = 0; i < 10; i++)
            before.Add((await store.CreateRunAsync(new("0", null, "me", Start + i), default)).RunId);
        var search = new RunSearch(["0"]) { MaxResults = 3 };
        var read = new List<string>();

        string? token = null;
        do
        {
            Page<Run> page = await store.SearchRunsAsync(search, token, default);
            read.AddRange(page.Items.Select(run => run.RunId));
            token = page.NextPageToken;
            await store.CreateRunAsync(new("0", null, "me", Start + 100), default);
        }
        while (token is not null);

        before.Reverse();
        Assert.Equal(before, read);
    }

    [Fact]
    public async Task A_page_token_goes_on_in_another_store()
    {
        using var store = new SqliteStore(_folder.Below("mlflow.db"));
        for (int i = 0; i < 5; i++)
            await store.CreateRunAsync(new("0", $"{i}", "me", Start + i), default);
        Page<Run> first = await store.SearchRunsAsync(new(["0"]) { MaxResults = 2 }, null, default);

        using var other = new SqliteStore(_folder.Below("mlflow.db"));
        Page<Run> second = await other.SearchRunsAsync(new(["0"]) { MaxResults = 2 }, first.NextPageToken, default);

        Assert.Equal(["2", "1"], second.Items.Select(run => run.RunName));
    }

    [Fact]
    public async Task A_list_of_many_run_ids_and_a_filter_of_many_conditions_are_searched()
    {
        using var store = new SqliteStore(_folder.Below("mlflow.db"));
        string id = (await store.CreateRunAsync(new("0", "a", "me", Start), default)).RunId;
        string list = string.Join(", ", Enumerable.Range(0, 40_000).Select(i => $"'{i:x32}'").Append($"'{id}'"));
        string many = string.Join(" and ", Enumerable.Range(0, 300).Select(i => $"tags.`mlflow.runName` != 'n{i}'"));

        Assert.Equal(id, Assert.Single((await store.SearchRunsAsync(new(["0"], $"run_id IN ({list})"), null, default)).Items).RunId);
        Assert.Equal(id, Assert.Single((await store.SearchRunsAsync(new(["0"], many), null, default)).Items).RunId);
    }

    private static bool IsIn(ViewType view, Run run) =>
        view == ViewType.All || (view == ViewType.DeletedOnly) == (run.LifecycleStage == LifecycleStage.Deleted);

    private static string Condition(Random random, IReadOnlyList<Run> all)
    {
        string key = Pick(random, Keys), number = Pick(random, ["0", "1", "-1", "0.5", "5e-324", "1e300", "2e308"]);
        string compare = Pick(random, ["=", "!=", "<", "<=", ">", ">="]);
        string text = Text(random);
        string name = Pick(random, ["name", "digest", "context"]);
        return random.Next(10) switch
        {
            0 or 1 => $"metrics.`{key}` {compare} {number}",
            2 => $"params.`{key}` {text}",
            3 => $"tags.`{key}` {text}",
            4 => $"{Pick(random, ["params", "tags"])}.`{key}` IS {Pick(random, ["", "NOT "])}NULL",
            5 => $"{Pick(random, ["run_name", "status", "user_id", "artifact_uri", "run_id"])} {text}",
            6 => $"{Pick(random, ["start_time", "end_time"])} {compare} {Start + random.Next(8)}",
            7 => $"dataset.{name} {text}",
            8 => $"dataset.{name} {Pick(random, ["", "NOT "])}IN ({Quoted(Pick(random, Texts))}, {Quoted(Pick(random, Texts))})",
            _ => $"run_id {Pick(random, ["", "NOT "])}IN ('{all[random.Next(all.Count)].RunId}', '{all[random.Next(all.Count)].RunId}')",
        };
    }

    private static string Text(Random random) => random.Next(3) switch
    {
        0 => $"{Pick(random, ["=", "!="])} {Quoted(Pick(random, [.. Texts, "FINISHED"]))}",
        _ => $"{Pick(random, ["LIKE", "ILIKE"])} {Quoted(Pick(random, random.Next(2) == 0 ? Patterns : Texts))}",
    };

    private static string Order(Random random)
    {
        string key = Pick(random, Keys);
        string[] attributes = ["start_time", "end_time", "run_name", "status", "user_id", "run_id"];
        return Pick(random, [$"metrics.`{key}`", $"params.`{key}`", $"tags.`{key}`", .. attributes]) + Pick(random, ["", " ASC", " DESC"]);
    }

    private static string Quoted(string text) => text.Contains('\'') ? $"\"{text}\"" : $"'{text}'";

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];

    private static async Task FillAsync(SqliteStore store, string[] experiments, Random random)
    {
        for (int i = 0; i < Runs; i++)
        {
            string? name = random.Next(3) == 0 ? null : Pick(random, Texts);
            var created = new NewRun(Pick(random, experiments), name, Pick(random, Texts), Start + random.Next(8));
            Run run = await store.CreateRunAsync(created, default);
            await store.LogBatchAsync(run.RunId, new()
            {
                Params = [.. Some(random).Select(key => new Param(key, Pick(random, Texts)))],
                Metrics = [.. Some(random).Select(key => new Metric(key, Pick(random, Numbers), Start))],
                Tags = [.. Some(random).Select(key => new Tag(key, Pick(random, Texts)))],
            }, default);
            await store.LogInputsAsync(run.RunId, [.. Some(random).Select(_ => Input(random))], default);
            if (random.Next(2) == 0)
                await store.UpdateRunAsync(new(run.RunId, Pick(random, Enum.GetValues<RunStatus>()), Start + random.Next(8)), default);
            if (random.Next(4) == 0)
                await store.MoveRunAsync(run.RunId, LifecycleStage.Deleted, default);
        }
    }

    private static DatasetInput Input(Random random) => new(Pick(random, Texts), Pick(random, Texts), "local", "{}")
    {
        Tags = random.Next(2) == 0 ? [] : [new(DatasetInput.ContextTag, Pick(random, Texts))],
    };

    private static string[] Some(Random random) => [.. Keys.Where(_ => random.Next(2) == 0)];
}
