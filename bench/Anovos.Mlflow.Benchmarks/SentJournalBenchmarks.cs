using Anovos.Mlflow.Artifacts;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>The journal of files that this machine has uploaded.</summary>
[MemoryDiagnoser]
public class SentJournalBenchmarks
{
    private DirectoryInfo _folder = null!;
    private SentJournal _added = null!;

    [GlobalSetup]
    public void Setup()
    {
        _folder = Directory.CreateTempSubdirectory("anovos-mlflow-bench-");
        _added = new SentJournal("added", _folder.FullName);
        var full = new SentJournal("full", _folder.FullName);
        for (int i = 0; i < 1000; i++)
            full.Add(Sent(i));
    }

    [GlobalCleanup]
    public void Cleanup() => _folder.Delete(recursive: true);

    [Benchmark]
    public void Add() => _added.Add(Sent(1));

    [Benchmark]
    public SentFile? FindAmongThousand() => new SentJournal("full", _folder.FullName).Find("output/part-00500.csv");

    private static SentFile Sent(int i) =>
        new($"output/part-{i:00000}.csv", $"/data/output/part-{i:00000}.csv", 8192, 638_000_000_000_000_000, new string('a', 64), 638_000_000_100_000_000);
}
