using Anovos.Mlflow.Artifacts;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>Hashes a file, and sends it as a request body to a null stream.</summary>
[MemoryDiagnoser]
public class ArtifactBenchmarks
{
    private string _file = "";

    [Params(8 << 10, 16 << 20)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _file = Path.GetTempFileName();
        File.WriteAllBytes(_file, new byte[Bytes]);
    }

    [GlobalCleanup]
    public void Cleanup() => File.Delete(_file);

    [Benchmark]
    public Task<ArtifactContent> Hash() => new FileSource(new FileInfo(_file)).MeasureAsync(default);

    [Benchmark]
    public async Task<ArtifactContent?> Send()
    {
        using var content = new SourceContent(new FileSource(new FileInfo(_file)), _ => { }, default);
        await content.CopyToAsync(Stream.Null);
        return content.Sent;
    }
}
