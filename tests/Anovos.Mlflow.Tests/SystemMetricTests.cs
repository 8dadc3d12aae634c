using System.Management.Automation;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the system metrics of a workflow, as a user requests them.</summary>
public sealed class SystemMetricTests : IAsyncLifetime
{
    private const string Own = "system/workflow/cpu_seconds", Machine = "system/disk_usage_megabytes";

    // A workflow that runs until a file exists, with a child process that uses 60 MB.
    private const string Workflow =
        """
        import os, subprocess, sys, time
        more = "import sys; held = bytearray(60_000_000); sys.stdin.read()"
        child = subprocess.Popen([sys.executable, "-c", more], stdin=subprocess.PIPE)
        print("enabled", os.environ.get("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"), flush=True)
        while not os.path.exists("go"):
            time.sleep(0.05)
        child.communicate()
        """;

    private static readonly string[] Names =
    [
        "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING",
        "MLFLOW_SYSTEM_METRICS_NODE_ID", "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
    ];

    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;
    private volatile bool _isDown;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH, in which the workflow is written");
        _server = await TrackingServer.StartAsync();
        _server.Faults.Add("*", "*", (context, handle) => _isDown ? Faults.CloseBefore(context, handle) : handle(), times: int.MaxValue);
        _session.Write("config.yaml", InvokeWorkflowTests.Config);
        _session.Write("workflow.py", Workflow);
        Set("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        Set("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string name in Names)
            Set(name, null);
        _session.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    [Fact]
    public async Task Points_arrive_in_batches_while_the_workflow_runs_and_cover_all_that_it_started()
    {
        StoredRun run = await RunAsync("-SystemMetric", run => run.Metrics.Count(point => point.Key == Machine) > 3);
        Assert.Equal("FINISHED", run.Status);
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
            Assert.InRange(run.LatestMetrics["system/workflow/memory_peak_megabytes"].Value, 60, 1000);
        int batches = _server.Requests.Count(request => request.Path.EndsWith("/runs/log-batch", StringComparison.Ordinal));
        Assert.True(batches < run.Metrics.Count(point => point.Key.StartsWith("system/", StringComparison.Ordinal)) / 2, $"{batches}");
        Assert.Contains("It used", run.Tags["mlflow.note.content"]);
    }

    [Theory]
    [InlineData("true", "", true)]
    [InlineData("true", "-SystemMetric:$false", false)]
    [InlineData("false", "-SystemMetric", true)]
    [InlineData(null, "", false)]
    public async Task The_variable_of_MLflow_decides_where_the_switch_does_not(string? variable, string arguments, bool isOn)
    {
        Set("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", variable);
        StoredRun run = await RunAsync(arguments, _ => true);
        Assert.Equal(isOn, run.LatestMetrics.ContainsKey(Machine));
    }

    [Theory]
    [InlineData("", "enabled false")]
    [InlineData("-Environment @{ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING = 'true' }", "enabled true")]
    public void MLflow_in_the_workflow_does_not_write_them_again_unless_it_is_told_to(string arguments, string line)
    {
        Set("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "1");
        _session.Write("go", "");
        ScriptResult result = _session.Run(Script(arguments), ("Uri", _server.Uri.ToString())).Clean();
        Assert.Contains(line, result.Streams.Information.Select(record => record.MessageData.ToString()));
    }

    [Fact]
    public void A_machine_that_has_a_name_has_it_in_the_names()
    {
        Set("MLFLOW_SYSTEM_METRICS_NODE_ID", "node_0");
        _session.Write("go", "");
        _session.Run(Script("-SystemMetric"), ("Uri", _server.Uri.ToString())).Clean();
        Assert.Contains("system/node_0/disk_usage_megabytes", Assert.Single(_server.Runs).LatestMetrics.Keys);
    }

    [Fact]
    public void A_variable_that_cannot_be_read_is_an_error_before_there_is_a_run()
    {
        Set("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "often");
        ScriptResult result = _session.Run(Script("-SystemMetric"), ("Uri", _server.Uri.ToString()));
        Assert.Equal("InvalidValue", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Empty(_server.Runs);
    }

    [Fact]
    public void Work_elsewhere_is_a_warning_a_tag_and_a_line_of_the_description()
    {
        _session.Write("go", "");
        ScriptResult result = _session.Run(Script("-SystemMetric '--master' yarn"), ("Uri", _server.Uri.ToString())).Clean();
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Contains("the master yarn", result.Warnings[0]);
        Assert.Equal(result.Warnings[0], run.Tags["anovos.workflow.systemMetricsMissing"]);
        Assert.Contains("the master yarn", run.Tags["mlflow.note.content"]);
        Assert.Contains(Machine, run.LatestMetrics.Keys);
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("database")]
    public void A_run_in_a_folder_or_a_database_has_them_too(string where)
    {
        _session.Write("go", "");
        dynamic run = _session.Run(Script("-SystemMetric"), ("Uri", _session.StoreUri(where, _server.Uri))).Clean().Single;
        Assert.Contains(Machine, ((IReadOnlyDictionary<string, double>)run.Metrics).Keys);
        Assert.Empty(_server.Runs);
    }

    [Fact]
    public async Task A_server_that_is_lost_stops_nothing_and_the_points_follow_later()
    {
        using PowerShellPipeline pipeline = _session.Create(Script("-SystemMetric"), ("Uri", _server.Uri.ToString()));
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => _server.Runs.SingleOrDefault()?.LatestMetrics.ContainsKey(Machine) == true);
        _isDown = true;
        long sent = _server.Runs.Single().Metrics.Where(point => point.Key == Machine).Max(point => point.Step);
        _session.Write("go", "");
        dynamic run = Assert.Single(pipeline.EndInvoke(running));
        Assert.Equal("Finished", (string)run.Status.ToString());

        _isDown = false;
        _session.Run("Sync-MlflowRun").Clean();
        long[] steps = [.. Assert.Single(_server.Runs).Metrics.Where(point => point.Key == Machine).Select(point => point.Step).Order()];
        Assert.Equal(Enumerable.Range(0, steps.Length).Select(step => (long)step), steps);
        Assert.True(steps[^1] > sent);
    }

    [Fact]
    public async Task Stopping_the_workflow_stops_them()
    {
        using PowerShellPipeline pipeline = _session.Create(Script("-SystemMetric"), ("Uri", _server.Uri.ToString()));
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => _server.Runs.SingleOrDefault()?.LatestMetrics.ContainsKey(Own) == true);
        pipeline.Stop();
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Equal("KILLED", run.Status);
        int points = run.Metrics.Count;
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal(points, run.Metrics.Count);
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
    }

    private async Task<StoredRun> RunAsync(string arguments, Func<StoredRun, bool> isEnough)
    {
        using PowerShellPipeline pipeline = _session.Create(Script(arguments), ("Uri", _server.Uri.ToString()));
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => _server.Runs.SingleOrDefault() is { } run && isEnough(run));
        _session.Write("go", "");
        pipeline.EndInvoke(running);
        Assert.Empty(pipeline.Streams.Error);
        return Assert.Single(_server.Runs);
    }

    private static string Script(string arguments) =>
        $"Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck -TrackingUri $Uri python3 ./workflow.py {arguments}";

    private static void Set(string name, string? value) => Environment.SetEnvironmentVariable(name, value);

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }
}
