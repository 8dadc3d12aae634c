using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tests.Workflow;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Gates;

/// <summary>Gates on what a workflow leaves in its run: flagged attributes, steps, artifacts, its duration.</summary>
public sealed class RealGateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DirectoryStore _store;

    public RealGateTests() => _store = new DirectoryStore(_folder.Below("mlruns"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_workflow_that_Anovos_ran_is_tested_by_what_it_found()
    {
        Assert.SkipUnless(ParquetHeader.IsSupported, "Parquet is read on .NET 8 and later");
        Run run = await ReplayAsync("a4_mlflow_reports_ok");
        string[] results = await TestAsync(run, new GateRules
        {
            MaxDrifted = 3,
            MaxUnstable = 6,
            Steps = ["drift_detector.drift_statistics", "drift_detector", "report_generation"],
            Artifacts = ["drift_detector/drift_statistics", "report_stats"],
        });
        Assert.Equal(
            [
                "Failed: drifted: 4 attributes drifted: hours-per-week, native-country, occupation, workclass. Allowed: 3.",
                "Passed: unstable: 3 attributes are unstable: capital_gain, hours_per_week, income_label.",
                "Passed: step/drift_detector/drift_statistics: "
                    + "The run has the time of this step: time/drift_detector/drift_statistics.",
                "Passed: step/drift_detector: The run has the time of this step: time/drift_detector/drift_statistics.",
                "Failed: step/report_generation: The run has no time for step report_generation.",
                "Passed: artifact/drift_detector/drift_statistics: The run has the artifact.",
                "Failed: artifact/report_stats: The run has no artifact 'report_stats'.",
            ],
            results);
    }

    [Fact]
    public async Task The_reports_of_a_workflow_say_what_drifted()
    {
        string reports = Path.Combine(Recording.Of("b_full_no_mlflow").Files, "report_stats");
        Run run = await StartAsync();
        var report = StatisticReport.Of(Directory.EnumerateFiles(reports, "*.csv"), new StatisticSelection([], []), _store.Limits, default);
        await _store.WriteAsync(run.RunId, report.Data, Cancellation);
        run = await _store.GetRunAsync(run.RunId, Cancellation);

        string drifted = "4 attributes drifted: hours-per-week, native-country, occupation, workclass.";
        await ExpectAsync($"Passed: drifted: {drifted}", run, new GateRules { MaxDrifted = 4 });
        await ExpectAsync($"Failed: drifted: {drifted} Allowed: 3.", run, new GateRules { MaxDrifted = 3 });
        Assert.StartsWith("Failed: unstable: ", Assert.Single(await TestAsync(run, new GateRules { MaxUnstable = 0 })));
    }

    [Fact]
    public async Task A_run_without_the_table_fails_and_one_without_flagged_attributes_passes()
    {
        Run run = await StartAsync();
        string nothing = "Write-AnovosStatistic writes them from the workflow's reports.";
        await ExpectAsync($"Failed: drifted: The run has no metrics of the table drift_statistics. {nothing}", run, new GateRules { MaxDrifted = 100 });
        run = await WriteAsync(run, ("flagged/drift_statistics", 0));
        await ExpectAsync("Passed: drifted: 0 attributes drifted.", run, new GateRules { MaxDrifted = 0 });
        run = await WriteAsync(run, ("stability_index/age/flagged", 0));
        await ExpectAsync("Passed: unstable: 0 attributes are unstable.", run, new GateRules { MaxUnstable = 0 });
    }

    [Fact]
    public async Task The_count_of_a_wide_table_is_that_of_all_its_attributes()
    {
        Run run = await StartAsync();
        await _store.LogBatchAsync(run.RunId, new RunData { Tags = [new Tag("flagged/drift_statistics", "a, b")] }, Cancellation);
        run = await WriteAsync(run, ("flagged/drift_statistics", 300));
        await ExpectAsync("Failed: drifted: 300 attributes drifted: a, b, …. Allowed: 299.", run, new GateRules { MaxDrifted = 299 });
    }

    [Fact]
    public async Task A_run_that_takes_too_long_fails()
    {
        Run run = await StartAsync();
        await _store.UpdateRunAsync(
            new RunUpdate(run.RunId, RunStatus.Finished, run.StartTime.ToUnixTimeMilliseconds() + 5_400_000), Cancellation);
        run = await _store.GetRunAsync(run.RunId, Cancellation);
        var allowed = new GateRules { MaxDuration = new TimeSpan(1, 30, 0) };
        await ExpectAsync("Passed: duration: The run took 1:30:00.", run, allowed);
        allowed = new GateRules { MaxDuration = new TimeSpan(1, 29, 59) };
        await ExpectAsync("Failed: duration: The run took 1:30:00. Allowed: 1:29:59.", run, allowed);

        Run old = await StartAsync(DateTimeOffset.UtcNow.AddHours(-2));
        string result = Assert.Single(await TestAsync(old, new GateRules { MaxDuration = new TimeSpan(1, 0, 0) }));
        Assert.StartsWith("Failed: duration: The run is still running after 2:00:0", result, StringComparison.Ordinal);
        Assert.StartsWith("Passed: ", Assert.Single(await TestAsync(old, new GateRules { MaxDuration = new TimeSpan(3, 0, 0) })));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<string[]> TestAsync(Run run, GateRules rules)
    {
        var gate = new Gate(_store, (_, _) => throw new NotSupportedException(), _ => Task.FromResult(ArtifactStores.Open(run, _store)));
        return [.. (await gate.TestAsync(run, rules, Cancellation)).Select(result => result.ToString())];
    }

    private Task<Run> StartAsync(DateTimeOffset? start = null) => _store.CreateRunAsync(
        new NewRun("0", "run", "ada", (start ?? DateTimeOffset.UtcNow).ToUnixTimeMilliseconds()), Cancellation);

    private async Task<Run> WriteAsync(Run run, params (string Key, double Value)[] metrics)
    {
        Metric[] points = [.. metrics.Select(metric => new Metric(metric.Key, metric.Value, 1))];
        await _store.LogBatchAsync(run.RunId, new RunData { Metrics = points }, Cancellation);
        return await _store.GetRunAsync(run.RunId, Cancellation);
    }

    private async Task ExpectAsync(string row, Run run, GateRules rules) =>
        Assert.Equal(row, Assert.Single(await TestAsync(run, rules)));

    private async Task<Run> ReplayAsync(string name)
    {
        Recording recording = Recording.Of(name);
        string work = Directory.CreateDirectory(_folder.Below("work")).FullName;

        // Anovos puts its tables into a folder that is called as the run.
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Run run = await _store.CreateRunAsync(new NewRun("0", "run", "ada", now) { RunId = recording.RunId }, Cancellation);
        var job = new WorkflowJob
        {
            Config = recording.ConfigIn(work),
            BasePath = work,
            Outputs = new OutputSelection([], [], force: false),
            Statistics = new StatisticSelection([], []),
        };
        WorkflowResult result = await new WorkflowRunner(_store, run, recording.Replay(work)).RunAsync(job, _ => { }, Cancellation);
        Assert.Empty(result.Errors);
        return await _store.GetRunAsync(run.RunId, Cancellation);
    }
}
