using System.Text.Json;
using Anovos.Mlflow.Tracking;
using BenchmarkDotNet.Attributes;

namespace Anovos.Mlflow.Benchmarks;

/// <summary>The bodies of a tracking server's requests and responses.</summary>
[MemoryDiagnoser]
public class RestJsonBenchmarks
{
    private static readonly RunData Batch = new() { Metrics = TemporaryStore.Points("rmse", 1000) };
    private static readonly RunData Data = new() { Metrics = TemporaryStore.Points("rmse", 100_000) };

    private readonly byte[] _response = SearchAnswer(runs: 100);

    [Benchmark]
    public long WriteBatch() => Write(body => RestEntities.WriteData(body, Batch)).Length;

    [Benchmark]
    public int SplitHundredThousandPoints() => RunDataBatches.Split(Data, StoreLimits.Mlflow).Count();

    [Benchmark]
    public Page<Run> ReadHundredRuns()
    {
        using JsonDocument response = JsonDocument.Parse(_response);
        return RestEntities.ReadPage(response.RootElement, "runs", null, run => RestEntities.ReadRun(run, "http://localhost:5000"));
    }

    private static byte[] SearchAnswer(int runs)
    {
        var pairs = Enumerable.Range(0, 20).Select(i => new { key = $"key_{i}", value = $"value {i}" }).ToArray();
        var values = Enumerable.Range(0, 20).Select(i => new { key = $"key_{i}", value = i / 7.0, timestamp = 1_700_000_000_000, step = 0 }).ToArray();
        var response = new
        {
            runs = Enumerable.Range(0, runs).Select(i => new
            {
                info = new { run_id = $"{i:x32}", experiment_id = "1", run_name = "a run", status = "FINISHED", start_time = 1_700_000_000_000, end_time = 1_700_000_001_000, user_id = "me", artifact_uri = "mlflow-artifacts:/1/2/artifacts", lifecycle_stage = "active" },
                data = new { metrics = values, @params = pairs, tags = pairs },
            }).ToArray(),
        };
        return JsonSerializer.SerializeToUtf8Bytes(response);
    }

    private static MemoryStream Write(Action<Utf8JsonWriter> fields)
    {
        var buffer = new MemoryStream();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        fields(writer);
        writer.WriteEndObject();
        return buffer;
    }
}
