using System.Globalization;
using System.Management.Automation;
using System.Text.Json;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Reads one run of each kind with MLflow's own client. <c>tests/workflow/workflow.py</c> runs under the Python interpreter with mlflow,
/// and on request joins the run like Anovos.
/// </summary>
public sealed class WorkflowReadBackTests : IDisposable
{
    private readonly ScriptSession _session = new();

    public WorkflowReadBackTests()
    {
        _session.Write("config.yaml", InvokeWorkflowTests.Config.Replace("experiment: Flow", $"experiment: Flow {Guid.NewGuid():N}"));
        InvokeWorkflowTests.WriteOutputs(_session);
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public void A_workflow_that_ends_well(string where)
    {
        JsonElement read = Read(Run("'--outputs' ./made -RunType local", ReadBack.TrackingUri(where)).Clean().Single);

        Assert.Equal("FINISHED", read.GetProperty("status").GetString());
        Assert.Equal(("3.4107", "201.4", "912.0", "0.25"),
            (Metric(read, "time/stats_generator/global_summary"), Metric(read, "time/without_report"),
            Metric(read, "global_summary/rows_count"), Metric(read, "measures_of_counts/age/missing_pct")));
        Assert.Equal(("age", "age, ifa", "local"), (ReadBack.Text(read, "tags", "flagged/drift_statistics"), ReadBack.Text(read, "tags", "global_summary/name"), ReadBack.Text(read, "tags", "anovos.workflow.runType")));
        Assert.Equal("data/income", ReadBack.Text(read, "params", "input_dataset.read_dataset.file_path"));
        JsonElement input = Assert.Single(read.GetProperty("inputs").EnumerateArray());
        Assert.Equal(("input_dataset", "local", """{"uri":"data/income"}"""), (input.GetProperty("name").GetString(), input.GetProperty("source_type").GetString(), input.GetProperty("source").GetString()));
        Assert.Equal("input", ReadBack.Text(input, "tags", "mlflow.data.context"));
        Assert.Equal(
            ["config/config.yaml", "final_dataset/part-0.csv", "logs/workflow.log", "report_stats/drift_statistics.csv", "report_stats/global_summary.csv", "report_stats/measures_of_counts.csv"],
            Artifacts(read));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public void A_workflow_that_joins_the_run_and_tracks_itself_leaves_one_run_and_nothing_twice(string where)
    {
        dynamic run = Run("'--track' '--outputs' ./made", ReadBack.TrackingUri(where)).Clean().Single;
        JsonElement read = Read(run);
        Assert.Equal("FINISHED", read.GetProperty("status").GetString());
        Assert.Equal(
            ["config/config.yaml", "final_dataset/part-0.csv", "logs/workflow.log", "report_stats/drift_statistics.csv", "report_stats/global_summary.csv", "report_stats/measures_of_counts.csv"],
            Artifacts(read));
        Assert.Equal("201.4", Metric(read, "time/without_report"));
        Assert.Equal(1, read.GetProperty("history").GetProperty("time/without_report").GetArrayLength());
        Assert.Equal(1, read.GetProperty("history").GetProperty("time/total").GetArrayLength());
        Assert.Equal([(string)run.RunId], _session.Run("Get-MlflowRun -TrackingUri $Uri -Experiment $Experiment | ForEach-Object RunId", ("Uri", (string)run.TrackingUri), ("Experiment", (string)run.Experiment)).Clean().Texts);
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public void A_workflow_that_fails(string where)
    {
        ScriptResult result = Run("'--exit' 3", ReadBack.TrackingUri(where));
        JsonElement read = Read(result.Single);
        Assert.Equal(("FAILED", "3"), (read.GetProperty("status").GetString(), ReadBack.Text(read, "tags", "anovos.workflow.exitCode")));
        Assert.Contains("no such column: income", ReadBack.Text(read, "tags", "mlflow.note.content"));
        Assert.Equal(["config/config.yaml", "logs/workflow.log"], Artifacts(read));
        Assert.Equal("WorkflowFailed", result.Errors[^1].FullyQualifiedErrorId.Split(',')[0]);
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task A_workflow_that_is_stopped(string where)
    {
        string uri = ReadBack.TrackingUri(where);
        using PowerShellPipeline pipeline = _session.Create(Script("'--hang' '--child' ./pids"), Variables(uri));
        IAsyncResult running = pipeline.BeginInvoke();
        await UntilTimed(uri, running);
        pipeline.Stop();
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        dynamic run = _session.Run("Get-MlflowRun -TrackingUri $Uri -Experiment (Import-AnovosConfig ./config.yaml).Tracking.Experiment", ("Uri", uri)).Clean().Single;
        JsonElement read = Read(run);
        Assert.Equal("KILLED", read.GetProperty("status").GetString());
        Assert.Contains("was stopped", ReadBack.Text(read, "tags", "mlflow.note.content"));
        Assert.Equal("11.02", Metric(read, "time/quality_checker/duplicate_detection"));
        Assert.Contains("logs/workflow.log", Artifacts(read));
    }

    [Fact]
    public async Task A_server_that_is_lost_in_the_middle()
    {
        using var relay = new Relay(new Uri(ReadBack.TrackingUri("server")));
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        try
        {
            using PowerShellPipeline pipeline = _session.Create(Script("'--outputs' ./made '--wait-for' ./go '--child' ./pids"), Variables(relay.Uri));
            IAsyncResult running = pipeline.BeginInvoke();
            await UntilTimed(relay.Uri, running);
            relay.IsDown = true;
            _session.Write("go", "");
            dynamic kept = Assert.Single(pipeline.EndInvoke(running));
            Assert.Equal("ReportingFailed", Assert.Single(pipeline.Streams.Error).FullyQualifiedErrorId.Split(',')[0]);
            Assert.StartsWith("file:", (string)kept.TrackingUri);
            foreach (string pid in File.ReadAllLines(Path.Combine(_session.Folder, "pids")).Skip(1))
                System.Diagnostics.Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture)).Kill();

            relay.IsDown = false;
            Assert.Equal("Synced", (string)_session.Run("Sync-MlflowRun").Clean().Single.Status);
            JsonElement read = ReadBack.Run(relay.Uri, (string)kept.RunId, _session.Folder);
            Assert.Equal("FINISHED", read.GetProperty("status").GetString());
            Assert.Equal(("3.4107", "201.4", "912.0"),
                (Metric(read, "time/stats_generator/global_summary"), Metric(read, "time/without_report"),
                Metric(read, "global_summary/rows_count")));
            Assert.Single(read.GetProperty("inputs").EnumerateArray());
            Assert.Equal(6, Artifacts(read).Length);
        }
        finally
        {
            Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", null);
        }
    }

    public void Dispose() => _session.Dispose();

    private static (string, object?)[] Variables(string uri) => [("Uri", uri), ("Python", ReadBack.Python()), ("Workflow", InvokeWorkflowTests.WorkflowProgram)];

    private static string Script(string arguments) =>
        $"Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck -TrackingUri $Uri $Python $Workflow {arguments}";

    private ScriptResult Run(string arguments, string uri) => _session.Run(Script(arguments), Variables(uri));

    private JsonElement Read(dynamic run) => ReadBack.Run((string)run.TrackingUri, (string)run.RunId, _session.Folder);

    private static string Metric(JsonElement read, string key) => ReadBack.Text(read, "metrics", key);

    private static string[] Artifacts(JsonElement read) => [.. read.GetProperty("artifacts").EnumerateObject().Select(entry => entry.Name).Order(StringComparer.Ordinal)];

    // Waits until its processes are known and its first timing is in the store.
    private async Task UntilTimed(string uri, IAsyncResult running)
    {
        const string Timed = "$experiment = (Import-AnovosConfig $Config).Tracking.Experiment; "
            + "Get-MlflowRun -TrackingUri $Uri -Experiment $experiment -ErrorAction Ignore"
            + " | Where-Object { $_.Metrics.ContainsKey('time/quality_checker/duplicate_detection') }";
        using var other = new ScriptSession();
        (string, object?)[] variables =
        [
            ("Uri", FromElsewhere(uri)),
            ("Config", Path.Combine(_session.Folder, "config.yaml")),
        ];
        while (!running.IsCompleted && (!File.Exists(Path.Combine(_session.Folder, "pids")) || other.Run(Timed, variables).Output.Count == 0))
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    // The other session has its own folder.
    private string FromElsewhere(string uri)
    {
        const string Relative = "sqlite:///";
        if (uri.StartsWith(Relative, StringComparison.Ordinal))
            return Relative + Path.Combine(_session.Folder, uri[Relative.Length..]);
        return uri.StartsWith('.') ? Path.GetFullPath(Path.Combine(_session.Folder, uri)) : uri;
    }
}
