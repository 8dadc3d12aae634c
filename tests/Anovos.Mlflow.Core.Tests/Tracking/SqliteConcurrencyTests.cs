using Anovos.Mlflow.Tracking;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Several writers at the same time, each with its own store and connections. SQLite's locks distinguish connections, not processes.
/// </summary>
public sealed class SqliteConcurrencyTests : StoreConcurrencyContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.Below("mlflow.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_write_is_lost_and_a_reader_sees_whole_batches()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Together(async (writer, number) =>
        {
            for (int i = 0; i < 20; i++)
            {
                await writer.LogBatchAsync(run, new()
                {
                    Metrics = [.. Enumerable.Range(0, 25).Select(point => new Metric("m", number, Start + number, (i * 25) + point))],
                    Params = [new($"p{number}/{i}", "x")],
                    Tags = [new("one", $"{number} {i}"), new("other", $"{number} {i}")],
                }, default);
                Run read = await writer.GetRunAsync(run, default);
                Assert.Equal(read.Tags["one"], read.Tags["other"]);
                Assert.Equal("x", read.Params[$"p{number}/{i}"]);
            }

            return number;
        });

        Run whole = await store.GetRunAsync(run, default);
        Assert.Equal(Writers * 20, whole.Params.Count);
        IReadOnlyList<Metric> points = (await store.GetMetricHistoryAsync(run, "m", null, default)).Items;
        Assert.Equal(Writers * 20 * 25, points.Distinct().Count());
        Assert.Equal(Writers - 1, whole.Metrics["m"]);
    }

    [Fact]
    public async Task One_store_serves_several_threads()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => i % 2 == 0
            ? store.LogBatchAsync(run, new() { Params = [new($"p{i}", "x")] }, default)
            : store.SearchRunsAsync(new(["0"]), null, default)));

        Assert.Equal(20, (await store.GetRunAsync(run, default)).Params.Count);
    }

    [Fact]
    public async Task A_database_that_stays_locked_is_an_error_of_one_line_that_names_it()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        using IDisposable held = Lock();

        foreach (bool writes in new[] { true, false })
        {
            MlflowException failure = await Assert.ThrowsAsync<MlflowException>(
                () => writes ? store.UpdateRunAsync(new(run, RunStatus.Finished), default) : store.GetRunAsync(run, default));
            Assert.Equal(ErrorKind.StoreInvalid, failure.Kind);
            Assert.True(failure.IsTransient);
            Assert.Contains(FilePath, failure.Message, StringComparison.Ordinal);
            Assert.Contains("locked", failure.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', failure.Message);
        }
    }

    [Fact]
    public async Task A_lock_that_ends_is_waited_for()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        IDisposable held = Lock();
        Task write = store.LogBatchAsync(run, new() { Params = [new("p", "1")] }, default);
        Task<Run> read = store.GetRunAsync(run, default);
        await Task.Delay(100);
        Assert.False(write.IsCompleted || read.IsCompleted);

        held.Dispose();

        await write;
        Assert.Equal(run, (await read).RunId);
        Assert.Equal("1", (await store.GetRunAsync(run, default)).Params["p"]);
    }

    [Fact]
    public async Task Waiting_for_a_lock_ends_when_it_is_cancelled()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        using IDisposable held = Lock();
        using var cancellation = new CancellationTokenSource();
        Task write = store.LogBatchAsync(run, new() { Tags = [new("t", "1")] }, cancellation.Token);
        Task read = store.GetRunAsync(run, cancellation.Token);
        await Task.Delay(50);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task A_long_statement_ends_when_it_is_cancelled()
    {
        const string Endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c";
        using SqliteStore store = Open();
        await store.CreateRunAsync(new("0", null, "me", Start), default);
        using var cancellation = new CancellationTokenSource();
        Task<long> read = store.Database.ReadAsync(session => session.First(Endless, row => row.GetInt64(0)), cancellation.Token);
        Task<long> write = store.Database.WriteAsync(session => session.First(Endless, row => row.GetInt64(0)), cancellation.Token);
        await Task.Delay(100);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        Assert.NotNull(await store.FindExperimentAsync("Default", default));
    }

    [Fact]
    public async Task A_batch_that_is_cancelled_stores_nothing()
    {
        using SqliteStore store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        using var cancellation = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.Database.WriteAsync(session =>
        {
            session.Execute("UPDATE runs SET name = 'other'");
            cancellation.Cancel();
        }, cancellation.Token));

        Assert.NotEqual("other", (await store.GetRunAsync(run, default)).RunName);
    }

    [Fact]
    public async Task A_database_whose_tables_change_between_two_operations_is_read_and_written_as_it_is_then()
    {
        string copy = SharedMaterial.Copy(_folder, "mlflow", "databases"), newer = Path.Combine(copy, "3.17.2.db");
        using SqliteStore store = Open();
        await store.CreateRunAsync(new("0", null, "me", Start), default);
        Assert.False(await store.Database.ReadAsync(session => session.Schema.HasWorkspaces, default));

        File.SetAttributes(newer, FileAttributes.Normal);
        File.Copy(newer, FilePath, overwrite: true);

        Assert.True(await store.Database.ReadAsync(session => session.Schema.HasWorkspaces, default));
        string id = await store.CreateExperimentAsync(new("after"), default);
        Assert.Equal("after", (await store.GetExperimentAsync(id, default)).Name);
    }

    // Like a migration of MLflow, or a client that hangs in the middle of a write.
    private HeldLock Lock() => new(FilePath);

    protected override ITrackingStore OpenStore() => Open();

    private SqliteStore Open() => new(FilePath);

    private sealed class HeldLock : IDisposable
    {
        private readonly SqliteConnection _connection;

        public HeldLock(string path)
        {
            SqliteLibrary.Load();
            _connection = new SqliteConnection($"Data Source={path};Pooling=False");
            _connection.Open();
            using SqliteCommand command = _connection.CreateCommand();
            command.CommandText = "BEGIN EXCLUSIVE";
            command.ExecuteNonQuery();
        }

        public void Dispose() => _connection.Dispose();
    }
}
