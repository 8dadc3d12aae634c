using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>A directory store in the system's temporary folder, deleted afterwards.</summary>
internal sealed class TemporaryStore : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("anovos-mlflow-bench-");

    public TemporaryStore() => Store = new DirectoryStore(_folder.FullName);

    public DirectoryStore Store { get; }

    /// <summary>Starts a run and returns its id.</summary>
    public async Task<string> StartAsync() => (await Store.CreateRunAsync(new NewRun("0", "a run", "me", 1_700_000_000_000), default)).RunId;

    /// <summary>Starts a run with <paramref name="keys"/> params, tags and metrics. Each metric has ten points.</summary>
    public async Task<string> StartAsync(int keys)
    {
        string run = await StartAsync();
        await Store.WriteAsync(run, new RunData
        {
            Params = [.. Enumerable.Range(0, keys).Select(i => new Param($"stats_generator.metric_{i}", $"value {i}"))],
            Metrics = Points($"measures/metric", 10 * keys, keys),
            Tags = [.. Enumerable.Range(0, keys).Select(i => new Tag($"team.tag_{i}", $"value {i}"))],
        }, default);
        return run;
    }

    /// <summary>Returns <paramref name="count"/> points, distributed over <paramref name="keys"/> metrics in turn.</summary>
    public static Metric[] Points(string key, int count, int keys = 1) =>
        [.. Enumerable.Range(0, count).Select(i => new Metric($"{key}_{i % keys}", i / 7.0, 1_700_000_000_000 + i, i))];

    public void Dispose() => _folder.Delete(recursive: true);
}
