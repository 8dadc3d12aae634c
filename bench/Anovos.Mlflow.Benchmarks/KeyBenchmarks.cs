using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>Computes keys of metrics: those of a thousand statistics, and the rules for one.</summary>
[MemoryDiagnoser]
public class KeyBenchmarks
{
    private readonly Statistic[] _statistics =
    [
        .. from attribute in Enumerable.Range(0, 100)
           from name in new[] { "mean", "median", "mode", "stddev", "variance", "cov", "IQR", "range", "skewness", "missing_pct (%)" }
           select new Statistic("measures_of_dispersion", $"attribute-{attribute}", name, "0.25"),
    ];

    [Benchmark]
    public int ThousandStatistics()
    {
        var keys = new StatisticKeys(StoreLimits.Mlflow);
        return _statistics.Sum(statistic => keys.Of(statistic).Length);
    }

    [Benchmark]
    public string? WhyInvalid() => StoreLimits.Mlflow.WhyInvalidKey("measures_of_dispersion/attribute-1/stddev");

    [Benchmark]
    public string ToValid() => StoreLimits.Mlflow.ToValidKey("measures of dispersion/attribute (1)/std%dev");
}
