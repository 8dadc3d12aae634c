using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>Reads a workflow file, plans what is tracked, and computes the params of its run.</summary>
[MemoryDiagnoser]
public class ConfigurationBenchmarks
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "config.yaml");

    private readonly byte[] _bytes = File.ReadAllBytes(Path);
    private readonly AnovosConfig _config = AnovosConfig.Load(Path);

    [Benchmark]
    public AnovosConfig Read() => AnovosConfig.Parse(_bytes, Path);

    [Benchmark]
    public AnovosPlan Plan() => AnovosPlan.Of(_config, AppContext.BaseDirectory, "0123456789abcdef0123456789abcdef");

    [Benchmark]
    public IReadOnlyList<Param> Params()
    {
        var builder = new ParamBuilder(StoreLimits.Mlflow);
        foreach ((string key, string value) in _config.Settings)
            builder.Add(key, value);
        return builder.Params;
    }
}
