using System.Diagnostics;
using Anovos.Mlflow.Processes;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>One sample of system metrics: the machine, and a process with what it started among all processes of the machine.</summary>
[MemoryDiagnoser]
public class SystemMetricBenchmarks : IDisposable
{
    private readonly Machine _machine = Machine.Of(Path.GetTempPath());
    private readonly ProcessTree _tree = new();

    public SystemMetricBenchmarks() => _tree.Start(new ProcessStartInfo("sleep", "600"));

    [Benchmark]
    public object ReadMachine() => _machine.Read();

    [Benchmark]
    public object? ReadProcesses() => _tree.Usage();

    public void Dispose()
    {
        _tree.EndAsync(TimeSpan.FromSeconds(1)).GetAwaiter().GetResult();
        _tree.Dispose();
    }
}
