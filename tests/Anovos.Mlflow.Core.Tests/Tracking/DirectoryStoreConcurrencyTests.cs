using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Several writers at once. Each has a store of its own, which is what several processes are to each other: the lock is a file
/// that is opened, and the system tells openings apart, not processes.
/// </summary>
public sealed class DirectoryStoreConcurrencyTests : IDisposable
{
    private const int Writers = 6;
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Writers_that_make_the_same_experiment_end_in_one()
    {
        string?[] made = await Together(async (store, _) =>
        {
            try
            {
                return await store.CreateExperimentAsync(new("same"), default);
            }
            catch (MlflowException failure) when (failure.Kind == ErrorKind.ExperimentExists)
            {
                return null;
            }
        });

        string id = Assert.Single(made.OfType<string>());
        using var store = Open();
        Assert.Equal(id, (await store.FindExperimentAsync("same", default))!.ExperimentId);
        Assert.Equal(2, (await store.SearchExperimentsAsync(new(), null, default)).Items.Count);
    }

    [Fact]
    public async Task Writers_that_make_the_store_itself_at_once_all_get_their_run()
    {
        string[] runs = await Together(async (store, _) => (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId);

        using var store = Open();
        Page<Run> found = await store.SearchRunsAsync(new(["0"]), null, default);
        Assert.Equal(runs.Order(), found.Items.Select(run => run.RunId).Order());
    }

    [Fact]
    public async Task No_point_of_a_metric_is_torn_or_lost()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Together(async (writer, number) =>
        {
            for (int i = 0; i < 40; i++)
            {
                await writer.LogBatchAsync(run, new()
                {
                    Metrics = [.. Enumerable.Range(0, 25).Select(point => new Metric("m", number + 0.123456789, Start + i, (i * 25) + point))],
                    Params = [new($"p{number}/{i}", "x")],
                    Tags = [new("shared", new string((char)('a' + number), 5000))],
                }, default);
                Run read = await writer.GetRunAsync(run, default);
                Assert.Single(read.Tags["shared"].Distinct());
            }

            return number;
        });

        Run whole = await store.GetRunAsync(run, default);
        Assert.Equal(Writers * 40, whole.Params.Count);
        string[] lines = await File.ReadAllLinesAsync(_folder.Below("mlruns", "0", run, "metrics", "m"));
        Assert.Equal(Writers * 40 * 25, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^17\d{11} [0-5]\.123456789 \d{1,3}$", line));
        Assert.Equal(Writers * 40 * 25, lines.Distinct().Count());
    }

    [Fact]
    public async Task Only_one_of_two_values_becomes_a_param()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        string?[] winners = await Together(async (writer, number) =>
        {
            try
            {
                await writer.LogBatchAsync(run, new() { Params = [new("p", $"{number}")] }, default);
                return $"{number}";
            }
            catch (MlflowException failure) when (failure.Kind == ErrorKind.ParameterConflict)
            {
                return null;
            }
        });

        Assert.Equal(Assert.Single(winners.OfType<string>()), (await store.GetRunAsync(run, default)).Params["p"]);
    }

    [Fact]
    public async Task A_change_of_the_status_and_a_change_of_the_name_do_not_undo_each_other()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Together(async (writer, number) =>
        {
            await writer.UpdateRunAsync(number % 2 == 0 ? new(run, RunStatus.Finished, Start + 1) : new(run, RunName: "named"), default);
            return number;
        });

        Run read = await store.GetRunAsync(run, default);
        Assert.Equal(RunStatus.Finished, read.Status);
        Assert.Equal("named", read.RunName);
    }

    [Fact]
    public async Task Waiting_for_another_writer_ends_when_it_is_cancelled()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        using var held = StoreLock.Take(_folder.Below("mlruns", "0", run), default);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.LogBatchAsync(run, new() { Tags = [new("t", "1")] }, cancellation.Token));
        Assert.Equal(run, (await store.GetRunAsync(run, default)).RunId);
    }

    private async Task<T[]> Together<T>(Func<DirectoryStore, int, Task<T>> work)
    {
        return await Task.WhenAll(Enumerable.Range(0, Writers).Select(number => Task.Run(async () =>
        {
            using DirectoryStore store = Open();
            return await work(store, number);
        })));
    }

    private DirectoryStore Open() => new(_folder.Below("mlruns"));
}
