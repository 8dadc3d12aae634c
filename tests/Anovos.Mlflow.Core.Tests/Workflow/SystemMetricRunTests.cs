using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Points are written while a workflow runs, stop when it ends, and never make it fail.</summary>
public sealed class SystemMetricRunTests : IAsyncLifetime
{
    private const string Key = "system/workflow/cpu_seconds";

    private readonly TemporaryFolder _folder = new();
    private readonly DirectoryStore _store;
    private readonly Engine _engine = new();
    private readonly CancellationTokenSource _stop = new();
    private SystemMetricOptions _options = new() { Interval = TimeSpan.FromMilliseconds(20) };
    private Run _run = null!;

    public SystemMetricRunTests() => _store = new DirectoryStore(_folder.Below("mlruns"), StoreLimits.Mlflow);

    public async ValueTask InitializeAsync() => _run = await _store.CreateRunAsync(new("0", "run", "tester", 1), default);

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        _stop.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Points_are_there_while_it_runs_and_a_last_one_when_it_has_ended()
    {
        Task<WorkflowResult> running = RunAsync();
        while ((await HistoryAsync()).Count < 2)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        _engine.CpuSeconds = 7;
        while (_engine.Reads < 3)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        _engine.End(WorkflowEnd.Exited(0));
        WorkflowResult result = await running;

        Assert.Equal((RunStatus.Finished, 0), (result.Status, result.Errors.Count));
        Assert.Equal(ProcessTree.IsMeasured ? 0 : 1, result.Warnings.Count);
        List<Metric> history = await HistoryAsync();
        Assert.Equal(Enumerable.Range(0, history.Count), history.Select(point => (int)point.Step).OrderBy(step => step));
        Assert.Equal(7, result.Run!.Metrics[Key]);
        Assert.Contains("system/network_receive_megabytes", result.Run.Metrics.Keys);
        Assert.Equal(!ProcessTree.IsMeasured, result.Run.Tags.ContainsKey(SystemMetricOptions.MissingTag));
    }

    [Fact]
    public async Task A_workflow_shorter_than_the_interval_has_a_point_too()
    {
        _options = new SystemMetricOptions();
        _engine.End(WorkflowEnd.Exited(0));
        await RunAsync();
        Assert.Equal(0, Assert.Single(await HistoryAsync()).Step);
    }

    [Fact]
    public async Task Without_them_nothing_is_sampled()
    {
        _options = null!;
        _engine.End(WorkflowEnd.Exited(0));
        WorkflowResult result = await RunAsync();
        Assert.Equal(0, _engine.Reads);
        Assert.DoesNotContain(result.Run!.Metrics.Keys, key => key.StartsWith("system/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_workflow_that_is_stopped_ends_the_samples_and_has_their_points()
    {
        Task<WorkflowResult> running = RunAsync();
        while (_engine.Reads == 0)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        _stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.NotEmpty(await HistoryAsync());
        int reads = _engine.Reads;
        await Task.Delay(200, TestContext.Current.CancellationToken);
        Assert.Equal(reads, _engine.Reads);
    }

    [Fact]
    public async Task A_store_that_takes_none_is_one_error_and_the_workflow_ends_well()
    {
        File.WriteAllText(_folder.Below("mlruns", "0", _run.RunId, "metrics", "system"), "a file where their folder would be");
        Task<WorkflowResult> running = RunAsync();
        while (_engine.Reads < 5)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        _engine.End(WorkflowEnd.Exited(0));
        WorkflowResult result = await running;
        Assert.Equal(RunStatus.Finished, result.Status);
        Assert.Contains("System metrics", Assert.Single(result.Errors).Message);
        Assert.Contains("time/total", result.Run!.Metrics.Keys);
    }

    [Fact]
    public async Task What_cannot_be_read_any_more_is_a_warning_and_the_workflow_ends_well()
    {
        _engine.Failure = new IOException("no more files");
        _engine.End(WorkflowEnd.Exited(0));
        WorkflowResult result = await RunAsync();
        Assert.Equal(RunStatus.Finished, result.Status);
        Assert.Single(result.Warnings, warning => warning.Contains("no more files"));
    }

    [Fact]
    public async Task What_runs_elsewhere_is_a_tag_of_the_run()
    {
        _options = _options with { Missing = "Spark runs elsewhere." };
        _engine.End(WorkflowEnd.Exited(0));
        WorkflowResult result = await RunAsync();
        string unknown = ProcessTree.IsMeasured ? "" : $" {result.Warnings[0]}";
        Assert.Equal($"Spark runs elsewhere.{unknown}", result.Run!.Tags[SystemMetricOptions.MissingTag]);
    }

    private Task<WorkflowResult> RunAsync()
    {
        string config = _folder.Below("config.yaml");
        byte[] yaml = Encoding.UTF8.GetBytes("write_main: { file_path: output, file_type: csv }\n");
        var job = new WorkflowJob
        {
            Config = AnovosConfig.Parse(yaml, config),
            BasePath = _folder.FullPath,
            Outputs = new OutputSelection([], [], force: false),
            Statistics = new StatisticSelection([], []),
            SystemMetrics = _options,
        };
        return new WorkflowRunner(_store, _run, _engine).RunAsync(job, _ => { }, _stop.Token);
    }

    private async Task<List<Metric>> HistoryAsync() => (await _store.GetRunAsync(_run.RunId, default)).Metrics.ContainsKey(Key)
        ? await MetricHistory.ReadAllAsync(_store, _run.RunId, Key, default)
        : [];

    private sealed class Engine : IMeasuredEngine
    {
        private readonly TaskCompletionSource<WorkflowEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reads;

        public double CpuSeconds { get; set; } = 1;

        public Exception? Failure { get; set; }

        public int Reads => _reads;

        public void End(WorkflowEnd end) => _end.TrySetResult(end);

        public async Task<WorkflowEnd> RunAsync(
            Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output,
            Action<IEnumerable<Tag>> describe,
            CancellationToken cancellationToken)
        {
            using (cancellationToken.Register(() => _end.TrySetCanceled()))
                return await _end.Task;
        }

        public TreeUsage? Usage()
        {
            Interlocked.Increment(ref _reads);
            return Failure is null ? new TreeUsage(CpuSeconds, 1_000_000, 1) : throw Failure;
        }
    }
}
