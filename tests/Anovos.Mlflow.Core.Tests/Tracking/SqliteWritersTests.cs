using System.Runtime.ExceptionServices;
using Anovos.Mlflow.Tracking;
using Microsoft.Data.Sqlite;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Many threads of one process write to one database.</summary>
public sealed class SqliteWritersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly AsyncLocal<bool> _isHere = new();
    private int _refusals;

    public SqliteWritersTests() => AppDomain.CurrentDomain.FirstChanceException += Count;

    [Fact]
    public async Task They_wait_for_each_other_and_never_find_it_locked()
    {
        using var store = new SqliteStore(_folder.Below("mlflow.db"));
        string experiment = await store.CreateExperimentAsync(new NewExperiment("one"), default);
        Run run = await store.CreateRunAsync(new NewRun(experiment, "one", "ada", 1), default);
        _isHere.Value = true;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(number => Task.Run(() => store.LogBatchAsync(run.RunId, new RunData
        {
            Metrics = [.. Enumerable.Range(0, 100).Select(step => new Metric($"m{number}", step, 1, step))],
        }, default))));
        Assert.Equal(0, Volatile.Read(ref _refusals));
        Assert.Equal(50, (await store.GetRunAsync(run.RunId, default)).Metrics.Count);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.FirstChanceException -= Count;
        _folder.Dispose();
    }

    private void Count(object? sender, FirstChanceExceptionEventArgs args)
    {
        if (_isHere.Value && args.Exception is SqliteException)
            Interlocked.Increment(ref _refusals);
    }
}
