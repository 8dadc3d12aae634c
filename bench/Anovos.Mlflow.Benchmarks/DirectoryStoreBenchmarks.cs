using Anovos.Mlflow.Tracking;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>Starts, writes and reads a run in a directory store.</summary>
[MemoryDiagnoser]
public class DirectoryStoreBenchmarks
{
    private static readonly Metric[] Thousand = TemporaryStore.Points("rmse", 1000);
    private static readonly RunData HundredParams = new() { Params = [.. Enumerable.Range(0, 100).Select(i => new Param($"transformers.step.param_{i}", "auto"))] };
    private static readonly RunData TwentyTags = new() { Tags = [.. Enumerable.Range(0, 20).Select(i => new Tag($"team.tag_{i}", "ops"))] };

    private TemporaryStore _folder = null!;
    private DirectoryStore _store = null!;
    private string _written = "", _read = "", _long = "";

    [GlobalSetup]
    public async Task Setup()
    {
        _folder = new TemporaryStore();
        _store = _folder.Store;
        _written = await _folder.StartAsync();
        _read = await _folder.StartAsync(20);
        _long = await _folder.StartAsync();
        await _store.WriteAsync(_long, new RunData { Metrics = TemporaryStore.Points("rmse", 10_000) }, default);
    }

    [GlobalCleanup]
    public void Cleanup() => _folder.Dispose();

    [Benchmark]
    public async Task StartAndEnd() =>
        await _store.UpdateRunAsync(new RunUpdate(await _folder.StartAsync(), RunStatus.Finished, 1_700_000_001_000), default);

    [Benchmark]
    public async Task StartWithHundredParams() => await _store.LogBatchAsync(await _folder.StartAsync(), HundredParams, default);

    [Benchmark]
    public Task WriteThousandPoints() => _store.WriteAsync(_written, new RunData { Metrics = Thousand }, default);

    [Benchmark]
    public Task WriteOnePoint() => _store.LogBatchAsync(_written, new RunData { Metrics = [Thousand[0]] }, default);

    [Benchmark]
    public Task ReplaceTwentyTags() => _store.LogBatchAsync(_written, TwentyTags, default);

    [Benchmark]
    public Task<Run> ReadRunOfTwentyKeys() => _store.GetRunAsync(_read, default);

    [Benchmark]
    public Task<Run> ReadRunOfTenThousandPoints() => _store.GetRunAsync(_long, default);

    [Benchmark]
    public Task<List<Metric>> ReadHistoryOfTenThousandPoints() => MetricHistory.ReadAllAsync(_store, _long, "rmse_0", default);
}
