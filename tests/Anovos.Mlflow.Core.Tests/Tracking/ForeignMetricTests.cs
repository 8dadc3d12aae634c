using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Metric files that other programs wrote. No point that MLflow reads is lost, neither in reading nor in writing.</summary>
public sealed class ForeignMetricTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DirectoryStore _store;

    public ForeignMetricTests() => _store = new DirectoryStore(_folder.Below("mlruns"));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1 1.0 1\n2 0.5 2", 0.5)]
    [InlineData("1 1.0 1\r\n2 0.5 2", 0.5)]
    [InlineData("2 0.5 2", 0.5)]
    [InlineData("2 0.5", 0.5)]
    [InlineData("1 1.0 1\n2 +Inf 2", double.PositiveInfinity)]
    [InlineData("1 1.0 1\n2 -inf 2 name digest", 1)]
    [InlineData("1 1.0 0\n2 -inf 2 name digest", double.NegativeInfinity)]
    [InlineData("\ufeff2 0.5 2", 0.5)]
    public async Task A_point_without_a_line_end_is_read_and_stays_when_another_is_written(string text, double latest)
    {
        (Run run, string file) = await StartAsync(text);
        int points = text.Split('\n').Length;

        Assert.Equal(latest, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
        Assert.Equal(points, (await _store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items.Count);
        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 3, 3, 3)] }, default);
        Assert.Equal(text + "\n3 3.0 3\n", SharedFile.Read(file));
        Assert.Equal(points + 1, (await _store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items.Count);
    }

    // The results of MLflow 3.11 for these lines; 2.17 refuses the line with a dataset.
    [Theory]
    [InlineData("1 2.0", 0L)]
    [InlineData("1 2.0 7", 7L)]
    [InlineData("1 2.0 7 ", 7L)]
    [InlineData("\t1 2.0 +7", 7L)]
    [InlineData("1 2.0 7 name digest", 0L)]
    [InlineData("1 2.0 x name digest", 0L)]
    [InlineData("1 2.0 7 d", null)]
    [InlineData("1 2.0 7 a b c", null)]
    [InlineData("1  2.0 7", null)]
    [InlineData("1\t2.0\t7", null)]
    [InlineData("1.5 2 3", null)]
    public async Task A_line_is_the_point_that_MLflow_reads(string line, long? step)
    {
        List<string> warnings = [];
        (Run run, string file) = await StartAsync(line + "\n");
        using var store = new DirectoryStore(_folder.Below("mlruns"), warnings.Add);
        IReadOnlyList<Metric> points = (await store.GetMetricHistoryAsync(run.RunId, "m", null, default)).Items;
        Assert.Equal(step is { } known ? [new Metric("m", 2, 1, known)] : [], points);
        Assert.Equal(step is null ? 1 : 0, warnings.Count);
        Assert.All(warnings, warning => Assert.StartsWith($"{file}:1: ", warning));
    }

    [Theory]
    [InlineData("1 1.0 1\nno point")]
    [InlineData("1 1.0 1\n1,5;2")]
    [InlineData("1 1.0 1\n1700 NaN? 4")]
    public async Task A_last_line_that_is_no_point_stays_too(string text)
    {
        (Run run, string file) = await StartAsync(text);

        await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", 3, 3, 3)] }, default);
        Assert.Equal(text + "\n3 3.0 3\n", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task A_point_without_a_line_end_is_read_while_another_writer_is_in_the_run()
    {
        (Run run, string file) = await StartAsync("1 1.0 1\n2 2.0 2");
        using var stop = new CancellationTokenSource();
        Task writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await _store.LogBatchAsync(run.RunId, new() { Metrics = [new("other", 1, 1, 1)] }, default);
        });
        for (int i = 0; i < 50; i++)
            Assert.Equal(2, (await _store.GetRunAsync(run.RunId, default)).Metrics["m"]);
        stop.Cancel();
        await writing;
        Assert.Equal("1 1.0 1\n2 2.0 2", await File.ReadAllTextAsync(file));
    }

    private async Task<(Run Run, string File)> StartAsync(string text)
    {
        Run run = await _store.CreateRunAsync(new("0", "x", "me", 1), default);
        string file = _folder.Below("mlruns", "0", run.RunId, "metrics", "m");
        await File.WriteAllTextAsync(file, text);
        return (run, file);
    }
}
