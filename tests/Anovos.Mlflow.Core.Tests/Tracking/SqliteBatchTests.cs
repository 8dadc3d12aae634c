using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Batches of any size. A statement inserts twenty points of them.</summary>
public sealed class SqliteBatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SqliteStore _store;

    public SqliteBatchTests() => _store = new SqliteStore(_folder.Below("mlflow.db"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(21)]
    [InlineData(40)]
    [InlineData(65)]
    public async Task Every_point_arrives_under_its_key_and_in_order(int count)
    {
        Run run = await _store.CreateRunAsync(new("0", null, "me", 1), default);
        string[] keys = ["a", "b", "c d"];
        // The keys change within a statement and between statements.
        Metric[] points =
        [
            .. Enumerable.Range(0, count).Select(i => new Metric(keys[i * i % 3 == 0 ? i / 7 % 3 : 1], i % 5 == 0 ? double.NaN : -i, 1000 + i, i)),
        ];
        await _store.LogBatchAsync(run.RunId, new RunData { Metrics = points }, default);
        // The same points again, and one more.
        var more = new Metric("a", 7, 5000, 5000);
        await _store.LogBatchAsync(run.RunId, new RunData { Metrics = [.. points, more] }, default);

        foreach (string key in keys)
        {
            Page<Metric> history = await _store.GetMetricHistoryAsync(run.RunId, key, null, default);
            Assert.Equal([.. points.Append(more).Where(point => point.Key == key)], history.Items);
        }

        Run read = await _store.GetRunAsync(run.RunId, default);
        foreach (IGrouping<string, Metric> series in points.Append(more).GroupBy(point => point.Key))
            Assert.Equal(series.Last().Value, read.Metrics[series.Key]);
    }
}
