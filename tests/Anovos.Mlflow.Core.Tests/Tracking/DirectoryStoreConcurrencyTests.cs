using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>
/// Several writers at the same time. Each has its own store, like separate processes: the lock is an open file, and the system
/// distinguishes open handles, not processes.
/// </summary>
public sealed class DirectoryStoreConcurrencyTests : StoreConcurrencyContract, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task No_point_of_a_metric_is_torn_or_lost()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Together(async (writer, number) =>
        {
            for (int i = 0; i < 40; i++)
            {
                await writer.LogBatchAsync(run, new()
                {
                    Metrics = [.. Enumerable.Range(0, 25).Select(point => new Metric("m", number + 0.123456789, Start + i, (i * 25) + point))],
                    Params = [new($"p{number}/{i}", "x")],
                    Tags = [new("shared", new string((char)('a' + number), 5000))],
                }, default);
                Run read = await writer.GetRunAsync(run, default);
                Assert.Single(read.Tags["shared"].Distinct());
            }

            return number;
        });

        Run whole = await store.GetRunAsync(run, default);
        Assert.Equal(Writers * 40, whole.Params.Count);
        string[] lines = await File.ReadAllLinesAsync(_folder.Below("mlruns", "0", run, "metrics", "m"));
        Assert.Equal(Writers * 40 * 25, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^17\d{11} [0-5]\.123456789 \d{1,3}$", line));
        Assert.Equal(Writers * 40 * 25, lines.Distinct().Count());
    }

    [Fact]
    public async Task A_change_of_the_status_and_a_change_of_the_name_do_not_undo_each_other()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        await Together(async (writer, number) =>
        {
            await writer.UpdateRunAsync(number % 2 == 0 ? new(run, RunStatus.Finished, Start + 1) : new(run, RunName: "named"), default);
            return number;
        });

        Run read = await store.GetRunAsync(run, default);
        Assert.Equal(RunStatus.Finished, read.Status);
        Assert.Equal("named", read.RunName);
    }

    [Fact]
    public async Task Waiting_for_another_writer_ends_when_it_is_cancelled()
    {
        using var store = Open();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;
        using var held = StoreLock.Take(_folder.Below("mlruns", "0", run), default);
        using var cancellation = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.LogBatchAsync(run, new() { Tags = [new("t", "1")] }, cancellation.Token));
        Assert.Equal(run, (await store.GetRunAsync(run, default)).RunId);
    }

    protected override ITrackingStore OpenStore() => Open();

    private DirectoryStore Open() => new(_folder.Below("mlruns"));
}
