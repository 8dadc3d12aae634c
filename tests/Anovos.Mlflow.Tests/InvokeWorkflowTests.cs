using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests that one command does the whole job; <c>tests/workflow/workflow.py</c> is the workflow.</summary>
public sealed class InvokeWorkflowTests : IAsyncLifetime
{
    public const string Config =
        """
        input_dataset:
          read_dataset:
            file_path: data/income
            file_type: csv
        report_preprocessing:
          master_path: report_stats
        stats_generator:
          metric: [global_summary, measures_of_counts]
        drift_detector:
          drift_statistics:
            configs:
              list_of_cols: all
        write_main:
          file_path: output
          file_type: csv
        mlflow:
          experiment: Flow
          track_output: True
          track_reports: True
        """;

    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;
    private volatile bool _isDown;
    private volatile string _refused = "nothing";

    [Fact]
    public void A_workflow_that_ends_well_is_a_finished_run_with_all_that_it_said_and_wrote()
    {
        dynamic run = Invoke("--outputs ./made --show -RunType local -Environment @{ ANOVOS_TEST_EXTRA = 1.5 }").Clean().Single;
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("FINISHED", stored.RunId, "Finished"), (stored.Status, (string)run.RunId, (string)run.Status.ToString()));

        Assert.Equal((3.4107, 11.02, 143.1, 201.4),
            (Metric(stored, "time/stats_generator/global_summary"), Metric(stored, "time/quality_checker/duplicate_detection"),
            Metric(stored, "time/Basic_Report"), Metric(stored, "time/without_report")));
        Assert.Equal((912, 7.8687, 1, 0.25), (Metric(stored, "global_summary/rows_count"), Metric(stored, "drift_statistics/age/PSI"), Metric(stored, "flagged/drift_statistics"), Metric(stored, "measures_of_counts/age/missing_pct")));
        Assert.Equal(("age", "local", "0"), (stored.Tags["flagged/drift_statistics"], stored.Tags["anovos.workflow.runType"], stored.Tags["anovos.workflow.exitCode"]));
        Assert.Equal("data/income", stored.Params["input_dataset.read_dataset.file_path"]);
        JsonElement dataset = JsonDocument.Parse(Assert.Single(stored.Inputs)).RootElement.GetProperty("datasets")[0].GetProperty("dataset");
        Assert.Equal(("input_dataset", "local"), (dataset.GetProperty("name").GetString(), dataset.GetProperty("source_type").GetString()));
        Assert.Equal(
            ["config/config.yaml", "final_dataset/part-0.csv", "logs/workflow.log", "report_stats/drift_statistics.csv", "report_stats/global_summary.csv", "report_stats/measures_of_counts.csv"],
            _server.ArtifactsOf(stored.RunId).Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Null(Environment.GetEnvironmentVariable("MLFLOW_RUN_ID"));
    }

    [Fact]
    public void Compressed_outputs_keep_the_names_that_a_server_would_change()
    {
        _session.Write("made/output/final_dataset/ts=10%3A00/part-1.csv", "1\n");
        ScriptResult refused = Invoke("--outputs ./made");
        const string Advice = "-Compress of Send-MlflowArtifact, Send-AnovosArtifact or Invoke-AnovosWorkflow";
        Assert.Contains(refused.Errors, error => error.ToString().Contains(Advice));

        dynamic run = Invoke("--outputs ./made -Compress").Clean().Single;
        StoredRun stored = _server.Runs.Single(stored => stored.RunId == run.RunId);
        Assert.Equal(
            ["config/config.yaml", "final_dataset.zip", "logs/workflow.log", "report_stats.zip"],
            _server.ArtifactsOf(stored.RunId).Select(entry => entry.Key).Order(StringComparer.Ordinal));
        Assert.Equal(912, Metric(stored, "global_summary/rows_count"));
        _session.Run("$run | Receive-MlflowArtifact -Destination got -Expand", ("run", (object)run)).Clean();
        Assert.Equal("1\n", File.ReadAllText(Path.Combine(_session.Folder, "got", "final_dataset", "ts=10%3A00", "part-1.csv")));
        Assert.True(File.Exists(Path.Combine(_session.Folder, "got", "report_stats", "global_summary.csv")));
    }

    [Fact]
    public void The_workflow_finds_the_run_in_its_environment_and_its_arguments_as_they_are()
    {
        ScriptResult result = Invoke("--show -RunType local -AnovosTracking 'a b' '$x' '' -Environment @{ ANOVOS_TEST_EXTRA = 1.5; ANOVOS_TEST_GONE = $null }", "$env:ANOVOS_TEST_GONE = 'here'").Clean();
        string[] shown = Information(result);
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Contains($"arguments ['', '{Path.Combine(_session.Folder, "config.yaml")}', 'local'] a b $x", shown);
        Assert.Contains($"MLFLOW_RUN_ID {stored.RunId}", shown);
        Assert.Contains($"MLFLOW_TRACKING_URI {_server.Uri.ToString().TrimEnd('/')}", shown);
        Assert.Contains($"MLFLOW_EXPERIMENT_ID {stored.ExperimentId}", shown);
        Assert.Contains("ANOVOS_TEST_EXTRA 1.5", shown);
        Assert.Contains("ANOVOS_TEST_GONE None", shown);
        Environment.SetEnvironmentVariable("ANOVOS_TEST_GONE", null);
        Assert.Single(result.Warnings, warning => warning.EndsWith("column capital-gain is skewed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_workflow_that_fails_is_a_failed_run_with_the_end_of_its_log_as_a_note()
    {
        _session.Write("report_stats/global_summary.csv", "metric,value\nold,1\n");
        File.SetLastWriteTimeUtc(Path.Combine(_session.Folder, "report_stats", "global_summary.csv"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        ScriptResult result = Invoke("--exit 3; \"code $LASTEXITCODE\"");

        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("FAILED", "3", "code 3"), (stored.Status, stored.Tags["anovos.workflow.exitCode"], result.Texts[^1]));
        Assert.Equal(["WorkflowLogError", "WorkflowFailed"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Contains("exit code 3", result.Errors[1].ToString());
        string note = stored.Tags["mlflow.note.content"];
        Assert.Contains("exit code 3", note);
        Assert.Contains("no such column: income", note);
        Assert.Contains("password=***", note);
        Assert.DoesNotContain("hunter2", note);
        // Files left by an earlier run do not belong to this run.
        Assert.DoesNotContain(stored.Metrics, point => point.Key.StartsWith("global_summary", StringComparison.Ordinal));
        Assert.Equal(["config/config.yaml", "logs/workflow.log"], _server.ArtifactsOf(stored.RunId).Select(entry => entry.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_workflow_that_is_stopped_is_a_killed_run_and_its_timings_were_there_before()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are looked up in /proc");
        using PowerShellPipeline pipeline = _session.Create(Script($"--hang --child '{_session.Folder}/pids'"), Variables);
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => File.Exists(Path.Combine(_session.Folder, "pids")) && _server.Runs.SingleOrDefault()?.LatestMetrics.ContainsKey("time/quality_checker/duplicate_detection") == true);
        Assert.Equal("RUNNING", _server.Runs.Single().Status);
        pipeline.Stop();

        StoredRun stored = _server.Runs.Single();
        Assert.Equal("KILLED", stored.Status);
        Assert.Contains("was stopped", stored.Tags["mlflow.note.content"]);
        Assert.Contains(_server.ArtifactsOf(stored.RunId), entry => entry.Key == "logs/workflow.log");
        Assert.DoesNotContain(File.ReadAllLines(Path.Combine(_session.Folder, "pids")), IsAlive);
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        Assert.Null(Environment.GetEnvironmentVariable("MLFLOW_RUN_ID"));
    }

    [Fact]
    public void A_workflow_that_runs_out_of_its_time_is_a_killed_run_and_an_error()
    {
        ScriptResult result = Invoke("--hang -Timeout 2");
        Assert.Equal("WorkflowFailed", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("KILLED", Assert.Single(_server.Runs).Status);
        Assert.Contains("time", _server.Runs.Single().Tags["mlflow.note.content"]);
    }

    [Theory]
    [InlineData("sqlite:///runs.db", "sqlite:///runs.db", "-RunType local -AnovosTracking", true)]
    [InlineData("sqlite:///runs.db", "sqlite:///runs.db", "config.yaml local -AnovosTracking", true)]
    [InlineData("$Uri", "sqlite:///runs.db", "-RunType local -AnovosTracking", true)]
    [InlineData("sqlite:///runs.db", "./mlruns", "-RunType local -AnovosTracking", true)]
    [InlineData("sqlite:///runs.db", "sqlite:///runs.db", "-RunType local", false)]
    [InlineData("sqlite:///runs.db", "sqlite:///runs.db", "config.yaml local", false)]
    [InlineData("sqlite:///runs.db", "sqlite:///runs.db", "-AnovosTracking", false)]
    [InlineData("./mlruns", "./mlruns", "-RunType local -AnovosTracking", false)]
    [InlineData("$Uri", "./mlruns", "-RunType local -AnovosTracking", false)]
    public void A_database_that_Anovos_itself_cannot_open_is_said_before_the_workflow_starts(
        string uri, string block, string arguments, bool warns)
    {
        _session.Write("config.yaml", $"{Config}\n  tracking_uri: {block}\n");
        ScriptResult result = _session.Run(
            $"Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck -TrackingUri {uri} python3 $Workflow {arguments} *>&1",
            Variables).Clean();
        string[] lines = [.. result.Output.Select(item => item.ToString())];
        int warning = Array.FindIndex(lines, line => line.Contains("MLflow 1.27, which cannot open the database sqlite:///"));
        int start = Array.FindIndex(lines, line => line.Contains("anovos.workflow:main"));
        Assert.True(start >= 0, string.Join('\n', lines));
        Assert.Equal(warns, warning >= 0);
        Assert.True(warning < start, string.Join('\n', lines));
    }

    [Fact]
    public async Task A_server_that_is_lost_in_the_middle_costs_nothing_and_is_said()
    {
        using PowerShellPipeline pipeline = _session.Create(Script("--outputs ./made --wait-for ./go"), Variables);
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => _server.Runs.SingleOrDefault()?.LatestMetrics.ContainsKey("time/quality_checker/duplicate_detection") == true);
        _isDown = true;
        _session.Write("go", "");
        PSObject[] output = [.. pipeline.EndInvoke(running)];

        dynamic run = Assert.Single(output);
        Assert.Equal(("Finished", true), ((string)run.Status.ToString(), ((string)run.TrackingUri).StartsWith("file:", StringComparison.Ordinal)));
        ErrorRecord error = Assert.Single(pipeline.Streams.Error);
        Assert.Equal("ReportingFailed", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains("Sync-MlflowRun", error.ToString());
        Assert.Equal("RUNNING", _server.Runs.Single().Status);

        _isDown = false;
        Assert.Equal("Synced", (string)_session.Run("Sync-MlflowRun").Clean().Single.Status);
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal("FINISHED", stored.Status);
        Assert.Equal((3.4107, 201.4, 912),
            (Metric(stored, "time/stats_generator/global_summary"), Metric(stored, "time/without_report"),
            Metric(stored, "global_summary/rows_count")));
        Assert.Equal(6, _server.ArtifactsOf(stored.RunId).Count());
        Assert.Single(stored.Metrics, point => point.Key == "time/stats_generator/global_summary");
    }

    [Fact]
    public void A_server_that_refuses_to_take_more_costs_neither_the_result_nor_the_log()
    {
        _refused = "/runs/update";
        ScriptResult result = Invoke("--outputs ./made");
        Assert.All(result.Errors, error => Assert.Equal("ReportingFailed", error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Contains("succeeded", result.Errors[^1].ToString());
        Assert.Equal(912, Metric(Assert.Single(_server.Runs), "global_summary/rows_count"));
    }

    [Fact]
    public void A_line_of_the_log_does_not_end_a_script_that_stops_at_errors()
    {
        ScriptResult result = Invoke("--exit 0 --odd", "$ErrorActionPreference = 'Stop'");
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
        Assert.Throws<ActionPreferenceStopException>(() => Invoke("--exit 2", "$ErrorActionPreference = 'Stop'"));
        Assert.Equal(["FAILED", "FINISHED"], _server.Runs.Select(run => run.Status).Order());
        Assert.Contains("the end has no end", Information(result));
    }

    [Fact]
    public void A_flood_arrives_whole_in_the_log_and_on_the_stream()
    {
        ScriptResult result = Invoke("--flood 100000").Clean();
        Assert.Equal(100_000, Information(result).SelectMany(text => text.Split('\n')).Count(line => line.EndsWith("xxx", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_workflow_without_an_mlflow_block_runs_without_a_run()
    {
        string plain = _session.Write("plain.yaml", Config[..Config.IndexOf("mlflow:", StringComparison.Ordinal)]);
        ScriptResult result = _session.Run("Import-AnovosConfig $Plain | Invoke-AnovosWorkflow -SkipCheck python3 $Workflow '--exit' 4; \"code $LASTEXITCODE\"", [.. Variables, ("Plain", plain)]);
        Assert.Empty(_server.Runs);
        Assert.Equal(["code 4"], result.Texts);
        Assert.Contains(result.Errors, error => error.ToString().Contains("exit code 4"));
    }

    [Theory]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow0 no-such-program-here", "no-such-program-here")]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow0 ./none.sh", "none.sh")]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow0 python3 -WorkingDirectory ./nowhere", "nowhere")]
    public void What_cannot_be_started_starts_no_run(string script, string named)
    {
        ScriptResult result = _session.Run("$Workflow0 = Import-AnovosConfig ./config.yaml\n" + script + " -TrackingUri $Uri", Variables);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("CommandNotFound", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(named, error.ToString());
        Assert.Empty(_server.Runs);
    }

    [Fact]
    public void WhatIf_runs_nothing()
    {
        Invoke($"--child '{_session.Folder}/pids' -WhatIf").Clean();
        Assert.Empty(_server.Runs);
        Assert.False(File.Exists(Path.Combine(_session.Folder, "pids")));
    }

    [Fact]
    public void Selection_answers_for_each_file_and_Send_obeys_it()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(_session.Folder, "made"), "*", SearchOption.AllDirectories))
            _session.Write(Path.GetRelativePath(Path.Combine(_session.Folder, "made"), file), File.ReadAllText(file));
        ScriptResult result = _session.Run(
            """
            $config = Import-AnovosConfig ./config.yaml
            $rows = $config | Get-AnovosOutput -Exclude '**/drift*' -MaximumLength 40
            $rows | ForEach-Object { $_.Files } | ForEach-Object { "$($_.ArtifactPath): $($_.Tracked), $($_.Reason)" }
            $null = $config | Start-MlflowRun -TrackingUri $Uri
            $rows | Send-AnovosArtifact | Where-Object { "$($_.Status)" -eq 'Sent' } | ForEach-Object { $_.ArtifactPath }
            Send-AnovosArtifact -Include 'report_stats' -MaximumLength 1KB | Where-Object { "$($_.Status)" -eq 'Sent' } | ForEach-Object { $_.ArtifactPath }
            $null = Stop-MlflowRun
            """, Variables).Clean();
        Assert.Equal(
            [
                "report_stats/global_summary.csv: False, it has 44 bytes, and -MaximumLength allows 40",
                "report_stats/measures_of_counts.csv: True, track_reports is on",
                "report_stats/drift_statistics.csv: False, -Exclude '**/drift*' leaves it out",
                "final_dataset/part-0.csv: True, track_output is on",
                "final_dataset/part-0.csv",
                "report_stats/measures_of_counts.csv",
                "report_stats/drift_statistics.csv",
                "report_stats/global_summary.csv",
            ],
            result.Texts.Take(4).Concat(result.Texts.Skip(4).Take(2).Order()).Concat(result.Texts.Skip(6).Order()));
    }

    [Fact]
    public void Statistics_are_written_and_compared_with_another_run()
    {
        ScriptResult result = _session.Run(
            """
            $first = Start-MlflowRun -TrackingUri $Uri
            Write-AnovosStatistic ./made/report_stats
            $null = Stop-MlflowRun
            $second = Start-MlflowRun -TrackingUri $Uri
            Write-AnovosStatistic ./other -Compare $first
            Write-AnovosStatistic ./other -Compare $first.RunId -WhatIf -Include '**/missing_pct'
            $null = Stop-MlflowRun
            $null = Start-MlflowRun -TrackingUri ./another
            Write-AnovosStatistic ./other -Compare $first
            $null = Stop-MlflowRun
            """, Variables).Clean();
        Assert.Equal(
            Enumerable.Repeat(("measures_of_counts/age/missing_pct", 0.25, 0.5, 100.0), 3),
            result.Output.Select(row => ((string)row.Properties["Key"].Value, (double)row.Properties["Before"].Value, (double)row.Properties["After"].Value, (double)row.Properties["Percent"].Value)));
        Assert.Equal(0.5, Metric(_server.Runs.Single(run => run.LatestMetrics.Count == 1), "measures_of_counts/age/missing_pct"));
    }

    [Fact]
    public void A_run_without_a_server_is_sent_with_its_inputs_later()
    {
        dynamic run = Invoke("--outputs ./made -Offline").Clean().Single;
        Assert.StartsWith("file:", (string)run.TrackingUri);
        Assert.Empty(_server.Runs);
        Assert.Equal("Synced", (string)_session.Run("Sync-MlflowRun").Clean().Single.Status);
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Contains("input_dataset", Assert.Single(stored.Inputs));
        Assert.Equal(("FINISHED", 201.4), (stored.Status, Metric(stored, "time/without_report")));
    }

    [Fact]
    public async Task Credentials_of_the_session_reach_the_workflow_and_nobody_else()
    {
        await using TrackingServer closed = await TrackingServer.StartAsync(new TrackingServerOptions { Username = "ada", Password = "s3cret" });
        ScriptResult result = _session.Run(
            """
            $secret = [System.Net.NetworkCredential]::new('ada', 's3cret')
            $null = Connect-Mlflow $Closed -Credential ([pscredential]::new('ada', $secret.SecurePassword))
            Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck python3 '-c' 'import os; print("user", os.environ["MLFLOW_TRACKING_USERNAME"], len(os.environ["MLFLOW_TRACKING_PASSWORD"]))'
            "$env:MLFLOW_TRACKING_USERNAME$env:MLFLOW_TRACKING_PASSWORD"
            """, ("Closed", closed.Uri.ToString())).Clean();
        Assert.Contains("user ada 6", Information(result));
        Assert.Equal("", result.Texts[^1]);
        StoredRun stored = Assert.Single(closed.Runs);
        Assert.Equal("FINISHED", stored.Status);
    }

    [Fact]
    public void The_sample_runs_as_it_stands()
    {
        // The sample checks the file, so the file must be valid.
        _session.Write("data/income/part-0.csv", "ifa,age\n1,17\n");
        _session.Write("config.yaml", $$$"""
            input_dataset: &input
              read_dataset: {file_path: data/income, file_type: csv, file_configs: {header: True}}
            stats_generator: {metric: [global_summary, measures_of_counts], metric_args: {list_of_cols: all}}
            drift_detector:
              drift_statistics: {configs: {pre_existing_source: False}, source_dataset: *input}
            report_preprocessing: {master_path: report_stats}
            write_main: {file_path: output, file_type: csv, file_configs: {mode: overwrite}}
            mlflow: {experiment: Flow, tracking_uri: "{{{_server.Uri}}}", track_output: True, track_reports: False, send_reports: True}
            """);
        ScriptResult result = _session.Run("& $Sample ./config.yaml python3 $Workflow '--outputs' ./made", [.. Variables, ("Sample", Path.Combine(Repository.Root, "samples", "workflow.ps1"))]).Clean();
        Assert.Contains("     201.4 s  time/without_report", result.Texts);
        Assert.Equal("Drifted: age", result.Texts[^1]);
    }

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Python is null, "there is no python3 in PATH, in which tests/workflow/workflow.py is written");
        _server = await TrackingServer.StartAsync();
        _server.Faults.Add("*", "*", (context, handle) => _isDown ? Faults.CloseBefore(context, handle)
            : context.Request.Path.Value!.EndsWith(_refused, StringComparison.Ordinal) ? Faults.Answer(403, """{"error_code": "PERMISSION_DENIED", "message": "no"}""")(context, handle)
            : handle(), times: int.MaxValue);
        _session.Write("config.yaml", Config);
        WriteOutputs(_session);
        _session.Write("other/measures_of_counts.csv", "attribute,missing_pct\nage,0.5\n");
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", null);
        _session.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    /// <summary>Writes the input of a workflow, and the files that the workflow writes with <c>--outputs ./made</c>.</summary>
    internal static void WriteOutputs(ScriptSession session)
    {
        session.Write("data/income/part-0.csv", "age\n17\n");
        session.Write("made/output/final_dataset/part-0.csv", "age\n17\n");
        session.Write("made/report_stats/global_summary.csv", "metric,value\nrows_count,912\nname,\"age, ifa\"\n");
        session.Write("made/report_stats/drift_statistics.csv", "attribute,PSI,flagged\nage,7.8687,1\nifa,0.1,0\n");
        session.Write("made/report_stats/measures_of_counts.csv", "attribute,missing_pct\nage,0.25\n");
    }

    internal static string? Python => CleanProcess.Find("python3");

    internal static string WorkflowProgram => Path.Combine(Repository.Root, "tests", "workflow", "workflow.py");

    private (string, object?)[] Variables => [("Uri", _server.Uri.ToString()), ("Workflow", WorkflowProgram)];

    private static string Script(string arguments, string before = "") =>
        $"{before}\nImport-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck -TrackingUri $Uri python3 $Workflow {string.Join(' ', arguments.Split(' ').Select(argument => argument.StartsWith("--", StringComparison.Ordinal) ? $"'{argument.TrimEnd(';')}'{(argument.EndsWith(';') ? ";" : "")}" : argument))}";

    private ScriptResult Invoke(string arguments, string before = "") => _session.Run(Script(arguments, before), Variables);

    private static double Metric(StoredRun run, string key) => run.LatestMetrics[key].Value;

    private static string[] Information(ScriptResult result) => [.. result.Streams.Information.Select(record => record.MessageData.ToString()!)];

    private static bool IsAlive(string id)
    {
        string stat = $"/proc/{id}/stat";
        return File.Exists(stat) && File.ReadAllText(stat) is var text && text[text.LastIndexOf(')') + 2] is not ('Z' or 'X');
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }
}
