using Anovos.Mlflow.Tracking;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>A database that stays open between the operations of a command.</summary>
public sealed class SqliteConnectionsTests : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();
    private readonly SqliteStore _store;

    public SqliteConnectionsTests() => _store = new SqliteStore(_folder.Below("mlflow.db"));

    private string FilePath => _store.Database.Path;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_kept_database_is_open_once_without_a_lock_and_then_closed()
    {
        await NewRunAsync();
        using IDisposable kept = _store.KeepOpen();
        for (int i = 0; i < 3; i++)
        {
            Run run = await NewRunAsync();
            Assert.Equal(run.RunId, (await _store.GetRunAsync(run.RunId, default)).RunId);
            AssertOpen(1);
            WriteAsAnother();
        }

        kept.Dispose();
        kept.Dispose();
        AssertOpen(0);
        await NewRunAsync();
        AssertOpen(0);
    }

    [Fact]
    public async Task An_operation_that_fails_leaves_no_lock_and_the_next_one_works()
    {
        Run run = await NewRunAsync();
        await _store.LogBatchAsync(run.RunId, new RunData { Params = [new("p", "1")] }, default);
        using (_store.KeepOpen())
        {
            var conflict = new RunData { Params = [new("q", "1"), new("p", "2")] };
            MlflowException refused = await Assert.ThrowsAsync<MlflowException>(() => _store.LogBatchAsync(run.RunId, conflict, default));
            Assert.Equal(ErrorKind.ParameterConflict, refused.Kind);
            WriteAsAnother();
            await Assert.ThrowsAsync<MlflowException>(() => _store.GetRunAsync("none", default));
            WriteAsAnother();
            Assert.Equal(["p"], (await _store.GetRunAsync(run.RunId, default)).Params.Keys);
        }

        AssertOpen(0);
    }

    [Fact]
    public async Task Operations_at_the_same_time_have_a_connection_each()
    {
        Run run = await NewRunAsync();
        using (_store.KeepOpen())
        using (_store.KeepOpen())
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            {
                await _store.LogBatchAsync(run.RunId, new RunData { Params = [new($"p{i}", "1")] }, default);
                await _store.GetRunAsync(run.RunId, default);
            })));
            AssertOpen(1);
        }

        AssertOpen(0);
        Assert.Equal(8, (await _store.GetRunAsync(run.RunId, default)).Params.Count);
    }

    [Fact]
    public async Task A_file_that_was_removed_or_replaced_in_the_meantime_is_opened_again()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not move an open file.");
        using IDisposable kept = _store.KeepOpen();
        Run first = await NewRunAsync();
        File.Move(FilePath, _folder.Below("moved.db"));
        Run second = await NewRunAsync();
        File.Move(_folder.Below("moved.db"), FilePath, overwrite: true);
        // Longer than a connection is kept for the next operation.
        await Task.Delay(500);
        Assert.Equal(first.RunId, (await _store.GetRunAsync(first.RunId, default)).RunId);
        await Assert.ThrowsAsync<MlflowException>(() => _store.GetRunAsync(second.RunId, default));
    }

    private Task<Run> NewRunAsync() => _store.CreateRunAsync(new("0", null, "me", Start), default);

    private void WriteAsAnother()
    {
        using var other = new SqliteConnection($"Data Source={FilePath};Pooling=False;Default Timeout=1");
        other.Open();
        using SqliteCommand command = other.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE; UPDATE experiments SET name = name; COMMIT";
        command.ExecuteNonQuery();
    }

    private void AssertOpen(int times)
    {
        if (OperatingSystem.IsLinux())
            Assert.Equal(times, Directory.EnumerateFiles("/proc/self/fd").Count(file => TargetOf(file) == FilePath));
    }

    private static string? TargetOf(string link)
    {
        try
        {
            return File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
