using Anovos.Mlflow.Tracking;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>Lists the runs of a directory store. The cost must not grow faster than their number.</summary>
[MemoryDiagnoser]
public class RunListingBenchmarks
{
    private TemporaryStore _folder = null!;

    [Params(100, 1000)]
    public int Runs { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _folder = new TemporaryStore();
        for (int i = 0; i < Runs; i++)
            await _folder.StartAsync(3);
    }

    [GlobalCleanup]
    public void Cleanup() => _folder.Dispose();

    [Benchmark]
    public Task<List<Run>> All() => SearchAsync(new RunSearch(["0"]));

    [Benchmark]
    public Task<List<Run>> AllInPagesOfFifty() => SearchAsync(new RunSearch(["0"]) { MaxResults = 50 });

    [Benchmark]
    public Task<Page<Run>> NewestFifty() => _folder.Store.SearchRunsAsync(new RunSearch(["0"]) { MaxResults = 50 }, null, default);

    [Benchmark]
    public Task<Page<Run>> BestFifty() =>
        _folder.Store.SearchRunsAsync(new RunSearch(["0"]) { OrderBy = ["metrics.\"measures/metric_0\" DESC"], MaxResults = 50 }, null, default);

    private Task<List<Run>> SearchAsync(RunSearch search) => PageWalker.ReadAllAsync(token => _folder.Store.SearchRunsAsync(search, token, default));
}
