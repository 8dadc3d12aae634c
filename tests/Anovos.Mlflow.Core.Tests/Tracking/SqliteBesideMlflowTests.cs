using System.Diagnostics;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// A database that MLflow's own client uses as well: alternately, at the same time, and across MLflow's upgrade of the file.
/// </summary>
public sealed class SqliteBesideMlflowTests(ITestOutputHelper output) : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task MLflow_reads_a_database_of_ours_and_we_read_what_it_made_of_it()
    {
        MlflowPython.Require();
        using SqliteStore store = Open();
        await FillAsync(store);
        string ours = await StoreContent.ReadAsync(store);

        Assert.Equal(ours, await MlflowPython.ReadAsync(store.TrackingUri));

        // MLflow has upgraded the file by now.
        Assert.Equal(ours, await StoreContent.ReadAsync(store));
        await FillAsync(store, "again");
        Assert.Equal(await StoreContent.ReadAsync(store), await MlflowPython.ReadAsync(store.TrackingUri));
    }

    [Fact]
    public async Task Both_write_one_after_the_other()
    {
        MlflowPython.Require();
        using SqliteStore store = Open();
        string run = await FillAsync(store);

        await MlflowPython.RunAsync(MlflowPython.Start("write_database.py", store.TrackingUri, run, "3"));
        await store.LogBatchAsync(run, new() { Metrics = [new("theirs", 99, Start, 99)], Tags = [new("theirs", "ours")] }, default);

        Run read = await store.GetRunAsync(run, default);
        Assert.Equal(("größe", 99, "ours"), (read.Params["theirs/2"], read.Metrics["theirs"], read.Tags["theirs"]));
        Assert.Equal(61, (await store.GetMetricHistoryAsync(run, "theirs", null, default)).Items.Count);
        Page<Run> theirs = await store.SearchRunsAsync(new(["0"], "run_name LIKE 'theirs%' and status = 'FINISHED'"), null, default);
        Assert.Equal(["theirs 2", "theirs 1", "theirs 0"], theirs.Items.Select(one => one.RunName));
        Assert.All(theirs.Items, one => Assert.Equal(_folder.Below("mlruns", "0", one.RunId, "artifacts"), one.ArtifactUri));
        Assert.Equal(await StoreContent.ReadAsync(store), await MlflowPython.ReadAsync(store.TrackingUri));
    }

    [Fact]
    public async Task Both_write_at_the_same_time_while_MLflow_upgrades_the_file()
    {
        MlflowPython.Require();
        const int Theirs = 30;
        using SqliteStore store = Open();
        string run = await FillAsync(store);
        bool upgraded = false;
        int ours = 0, locked = 0;

        using Process process = MlflowPython.Start("write_database.py", store.TrackingUri, run, $"{Theirs}");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        for (; !process.HasExited || ours < 50; ours++)
        {
            while (!await TryAsync(() => WriteAsync(store, run, ours)))
                locked++;
            await Task.Delay(20);
            upgraded |= await FirstAsync(store, "SELECT version_num FROM alembic_version") != "acf3f17fdcc7";
        }

        output.WriteLine($"{ours} batches of ours, {Theirs} of MLflow's; locked for 5 seconds: {locked}; MLflow's retries: {await errors}");
        Assert.True(process.ExitCode == 0, await errors);
        Assert.True(upgraded, "MLflow did not upgrade the file");
        Run read = await store.GetRunAsync(run, default);
        Assert.Equal(ours, read.Params.Keys.Count(key => key.StartsWith("ours/", StringComparison.Ordinal)));
        Assert.Equal(Theirs, read.Params.Keys.Count(key => key.StartsWith("theirs/", StringComparison.Ordinal)));
        Assert.Equal(20 * ours, (await MetricHistory.ReadAllAsync(store, run, "ours", default)).Count);
        Assert.Equal(20 * Theirs, (await MetricHistory.ReadAllAsync(store, run, "theirs", default)).Count);
        Assert.Equal((ours - 1, $"{ours - 1}"), (read.Metrics["ours"], read.Tags["ours"]));
        Assert.Equal((Theirs - 1, $"{Theirs - 1}"), (read.Metrics["theirs"], read.Tags["theirs"]));
        Assert.Equal(ours + Theirs, (await store.SearchRunsAsync(new(["0"]) { MaxResults = 50_000 }, null, default)).Items.Count);
        Assert.Equal("ok", await FirstAsync(store, "PRAGMA integrity_check"));
        Assert.Equal(await StoreContent.ReadAsync(store), await MlflowPython.ReadAsync(store.TrackingUri));
    }

    private SqliteStore Open() => new(_folder.Below("mlflow.db"));

    private static async Task WriteAsync(SqliteStore store, string run, int i)
    {
        await store.LogBatchAsync(run, new()
        {
            Metrics = [.. Enumerable.Range(0, 20).Select(point => new Metric("ours", i, Start + point, (20 * i) + point))],
            Params = [new($"ours/{i}", "größe")],
            Tags = [new("ours", $"{i}")],
        }, default);
        if ((await store.SearchRunsAsync(new(["0"], $"run_name = 'ours {i}'"), null, default)).Items.Count == 0)
            await store.CreateRunAsync(new("0", $"ours {i}", "me", Start), default);
    }

    private static Task<string?> FirstAsync(SqliteStore store, string sql) =>
        store.Database.ReadAsync(session => session.First(sql, row => row.GetString(0)), default);

    // A migration may lock the file for longer than the five seconds after which a command gives up.
    private static async Task<bool> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (MlflowException failure) when (failure.IsTransient)
        {
            return false;
        }
    }

    private static async Task<string> FillAsync(SqliteStore store, string name = "größe 'x' #1")
    {
        string experiment = await store.CreateExperimentAsync(new(name) { Tags = [new("team", "ops")] }, default);
        Run run = await store.CreateRunAsync(new(experiment, "nächtlich", "ada", Start) { Tags = [new("mlflow.user", "ada")] }, default);
        await store.LogBatchAsync(run.RunId, new()
        {
            Params = [new("a/b c", "größe 世界 😀"), new("empty", ""), new("long", new string('x', 6000))],
            Metrics =
            [
                new("loss", 0.1, Start, 1), new("loss", 1e-7, Start, -2), new("edge", double.NaN, Start),
                new("edge", double.NegativeInfinity, Start, 1), new("edge", -0.0, Start, 2), new("edge", 5e-324, Start, 3),
            ],
            Tags = [new("note", "# Title\n\ttext ")],
        }, default);
        var input = new DatasetInput("income", "0123", "local", "{}") { Tags = [new(DatasetInput.ContextTag, "training")] };
        await store.LogInputsAsync(run.RunId, [input], default);
        await store.UpdateRunAsync(new(run.RunId, RunStatus.Failed, Start + 5), default);
        Run gone = await store.CreateRunAsync(new(experiment, null, "ada", Start), default);
        await store.MoveRunAsync(gone.RunId, LifecycleStage.Deleted, default);
        string other = await store.CreateExperimentAsync(new(name + " gone"), default);
        await store.MoveExperimentAsync(other, LifecycleStage.Deleted, default);
        return run.RunId;
    }
}
