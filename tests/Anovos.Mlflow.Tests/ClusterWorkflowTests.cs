using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests a workflow as a job of a Databricks workspace, as a user types it.</summary>
public sealed class ClusterWorkflowTests : JobTests
{
    private const string Existing = "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/anovos/main.py -ClusterId 0923-164208-meows279";
    private const string Made = "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow dbfs:/anovos/main.py -NewCluster "
        + "@{ spark_version = '15.4.x-scala2.12'; num_workers = 2; spark_env_vars = @{ MINE = 'kept' } }";

    [Fact]
    public async Task A_job_on_a_new_cluster_is_a_finished_run_with_its_timings_and_statistics()
    {
        await StartAsync(new() { Job = new() { Logs = Log, Outputs = new Dictionary<string, string> { ["/dbfs/reports/global_summary.csv"] = "metric,value\nrows_count,912\n", ["/dbfs/out/final_dataset/part-0.csv"] = "age\n17\n" } } });
        ScriptResult result = Run($"{Made} -Library @{{ pypi = @{{ package = 'anovos' }} }} -Environment @{{ EXTRA = 1.5 }} -Timeout 600; \"code $LASTEXITCODE\"").Clean();

        Assert.Equal(("FINISHED", "code 0"), (Stored.Status, result.Texts[^1]));
        Assert.Equal((3.4107, 201.4, 912),
            (Metric("time/stats_generator/global_summary"), Metric("time/without_report"), Metric("global_summary/rows_count")));
        Assert.Equal(("77", $"{Job.RunId}", "0923-164208-meows279", "databricks"), (Stored.Tags["mlflow.databricks.jobID"], Stored.Tags["mlflow.databricks.jobRunID"], Stored.Tags["mlflow.databricks.cluster.id"], Stored.Tags["anovos.workflow.runType"]));
        Assert.EndsWith($"#job/77/run/{Job.RunId}", Stored.Tags["mlflow.databricks.runURL"]);
        Assert.Equal(["config/config.yaml", "logs/workflow.log"], ArtifactsOf(Stored).Keys.Order());
        Assert.Contains("PENDING, Waiting for cluster", LogOf(Stored));
        Assert.Contains("capital-gain is skewed", Assert.Single(result.Warnings));

        JsonElement cluster = Job.Task.GetProperty("new_cluster"), variables = cluster.GetProperty("spark_env_vars");
        Assert.Equal((2, "kept", Stored.RunId, Stored.ExperimentId, "databricks", "1.5"), (cluster.GetProperty("num_workers").GetInt32(), Variable("MINE"), Variable("MLFLOW_RUN_ID"), Variable("MLFLOW_EXPERIMENT_ID"), Variable("MLFLOW_TRACKING_URI"), Variable("EXTRA")));
        Assert.Equal((600, "anovos", "dbfs:/anovos/main.py"), (Job.Request.GetProperty("timeout_seconds").GetInt32(), Job.Task.GetProperty("libraries")[0].GetProperty("pypi").GetProperty("package").GetString(), Job.Task.GetProperty("spark_python_task").GetProperty("python_file").GetString()));
        Assert.DoesNotContain("dapi-personal", Job.Request.GetRawText());

        // The driver finds the workflow file at the path in its argument, and the file is removed afterwards.
        Assert.Equal(2, Job.Parameters.Length);
        Assert.Equal(("databricks", Config), (Job.Parameters[1], Job.Files[Job.Parameters[0]["/Workspace".Length..]]));
        Assert.StartsWith("/Workspace/Users/ada@example.com/.anovos-mlflow/", Job.Parameters[0]);
        Assert.Empty(Server.Workspace!.Files);

        string? Variable(string name) => variables.GetProperty(name).GetString();
    }

    [Fact]
    public async Task System_metrics_of_a_job_are_said_to_be_missing_and_none_of_this_machine_are_in_their_place()
    {
        await StartAsync(new() { Job = new() { Logs = Log } });
        ScriptResult result = Run($"{Existing} -SystemMetric");
        Assert.Contains("Databricks job and has no system metrics", result.Warnings[0]);
        Assert.Contains("Databricks job", Stored.Tags["anovos.workflow.systemMetricsMissing"]);
        Assert.Contains("Databricks job", Stored.Tags["mlflow.note.content"]);
        Assert.DoesNotContain(Stored.Metrics, point => point.Key.StartsWith("system/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_program_on_an_existing_cluster_finds_the_run_in_its_environment_and_its_arguments_as_they_are()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH");
        await StartAsync(new());
        Run($"{Existing} '--show' 'a b' '$x' -WorkspaceFolder /Shared").Clean();
        Assert.Equal(("0923-164208-meows279", false), (Job.Task.GetProperty("existing_cluster_id").GetString(), Job.Task.TryGetProperty("new_cluster", out _)));

        // Do with the file what the cluster would do.
        (string output, _) = await RunLauncherAsync(Job);
        Assert.Contains($"MLFLOW_RUN_ID {Stored.RunId}", output);
        Assert.Contains("MLFLOW_TRACKING_URI databricks", output);
        Assert.Contains($"'{Job.Parameters[^2]}', 'databricks'] a b $x", output);
    }

    [Fact]
    public async Task A_job_that_fails_is_a_failed_run_with_the_trace_as_its_note()
    {
        await StartAsync(new() { Job = new() { Result = "FAILED", EndMessage = "Workload failed, see run output for details", Logs = Log, Error = "KeyError: 'income'", Trace = "\u001b[0;31mKeyError\u001b[0m Traceback (most recent call last)\nFile /databricks/main.py:7\n", IsTruncated = true } });
        ScriptResult result = Run($"{Made}; \"code $LASTEXITCODE\"");
        Assert.Equal(("FAILED", "code -1", "WorkflowFailed"), (Stored.Status, result.Texts[^1], Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]));
        Assert.Contains("ended as FAILED", Stored.Tags["mlflow.note.content"]);
        Assert.Contains("    KeyError Traceback (most recent call last)", Stored.Tags["mlflow.note.content"]);
        Assert.Contains("last 5 MB", LogOf(Stored));
        Assert.Equal(201.4, Metric("time/without_report"));
    }

    [Fact]
    public async Task A_cluster_that_never_starts_is_a_failed_run_that_says_why()
    {
        await StartAsync(new() { Job = new() { Phases = [("PENDING", "Waiting for cluster")], EndPhase = "INTERNAL_ERROR", Result = "FAILED", EndMessage = "Cluster terminated. Reason: CLOUD_PROVIDER_LAUNCH_FAILURE" } });
        ErrorRecord error = Assert.Single(Run(Made).Errors);
        Assert.Contains("CLOUD_PROVIDER_LAUNCH_FAILURE", error.ToString());
        Assert.Equal("FAILED", Stored.Status);
    }

    [Fact]
    public async Task Stopping_cancels_the_job_and_the_run_is_killed()
    {
        await StartAsync(new() { Job = new() { Hangs = true } });
        await StopAsync(Existing);
        Assert.Equal((true, "KILLED"), (Job.IsCancelled, Stored.Status));
        Assert.Empty(Server.Workspace!.Files);
    }

    [Fact]
    public async Task A_job_that_runs_out_of_its_time_is_cancelled_and_the_run_is_killed_with_its_log()
    {
        await StartAsync(new() { Job = new() { Hangs = true, Logs = Log } });
        Assert.Equal("WorkflowFailed", Assert.Single(Run($"{Made} -Timeout 1").Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal((true, "KILLED", 201.4), (Job.IsCancelled, Stored.Status, Metric("time/without_report")));
        Assert.Contains("exceeded its time limit", Stored.Tags["mlflow.note.content"]);
    }

    [Fact]
    public async Task A_job_that_somebody_cancels_in_the_workspace_is_a_killed_run()
    {
        await StartAsync(new() { Job = new() { Result = "CANCELED", EndMessage = "Run cancelled by grace@example.com." } });
        Assert.Contains("cancelled in the workspace: Run cancelled by grace@example.com", Assert.Single(Run(Existing).Errors).ToString());
        Assert.Equal("KILLED", Stored.Status);
    }

    [Fact]
    public async Task A_workspace_that_is_lost_in_the_middle_is_said_with_the_page_of_the_job_that_goes_on()
    {
        await StartAsync(new() { Job = new() { Hangs = true } });
        using PowerShellPipeline pipeline = Session.Create($"$Workflow = Import-AnovosConfig ./config.yaml\n{Existing}");
        IAsyncResult running = pipeline.BeginInvoke();
        while (Server.Workspace!.Jobs.Count == 0 || !Server.Runs.Single().Tags.ContainsKey("mlflow.databricks.runURL"))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        IsDown = true;
        dynamic run = Assert.Single(pipeline.EndInvoke(running));
        Assert.Equal(("Failed", true), ((string)run.Status.ToString(), ((string)run.TrackingUri).StartsWith("file:", StringComparison.Ordinal)));
        Assert.Contains(pipeline.Streams.Error, error => error.ToString().Contains($"#job/77/run/{Job.RunId}", StringComparison.Ordinal) && error.ToString().Contains("may still be running", StringComparison.Ordinal));
        Assert.False(Job.IsCancelled);

        // The job may still need its file.
        Assert.NotEmpty(Server.Workspace.Files);
    }

    [Fact]
    public async Task A_job_whose_submission_got_no_answer_is_submitted_once()
    {
        await StartAsync(new());
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2");
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.01");
        LosesAnswer = true;
        try
        {
            Run(Existing).Clean();
        }
        finally
        {
            Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", null);
        }

        Assert.Equal(2, Server.Requests.Count(request => request.Path.EndsWith("/runs/submit", StringComparison.Ordinal)));
        Assert.Equal(("FINISHED", 1), (Stored.Status, Server.Workspace!.Jobs.Count));
    }

    [Theory]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/main.py -ClusterId gone", "InvalidValue", "Cluster gone does not exist", 1)]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/main.py -NewCluster @{ num_workers = 1 }", "InvalidValue", "spark_version", 1)]
    [InlineData(Existing + " -WorkspaceFolder /Forbidden", "PermissionDenied", "/Forbidden", 1)]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/main.py -NewCluster ./broken.json", "InvalidValue", "JSON", 0)]
    [InlineData("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow s3://bucket/main.py -ClusterId 0923-164208-meows279 -Environment @{ A = 1 }", "InvalidValue", "s3://bucket/main.py", 0)]
    public async Task What_the_workspace_refuses_is_said_and_leaves_nothing_behind(string script, string id, string said, int runs)
    {
        await StartAsync(new() { ForbiddenFolders = ["/Forbidden"] });
        Session.Write("broken.json", "{ num_workers");
        ErrorRecord error = Assert.Single(Run(script).Errors);
        Assert.Equal(id, error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(said, error.ToString());
        Assert.Equal(Enumerable.Repeat("FAILED", runs), Server.Runs.Select(run => run.Status));
        Assert.Empty(Server.Workspace!.Jobs);
        Assert.Empty(Server.Workspace!.Files);
    }

    [Fact]
    public async Task A_job_has_one_cluster()
    {
        await StartAsync(new());
        Assert.Contains("AmbiguousParameterSet", Assert.Single(Run($"{Existing} -NewCluster @{{ spark_version = '15.4.x-scala2.12' }}").Errors).FullyQualifiedErrorId);

        // The workspace itself also refuses both clusters, and a request beyond its limit.
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", "dapi-personal");
        foreach ((string body, int status) in new[]
        {
            ("""{"idempotency_token": "t", "tasks": [{"task_key": "a", "existing_cluster_id": "0923-164208-meows279", "new_cluster": {"spark_version": "x"}, "spark_python_task": {"python_file": "/x"}}]}""", 400),
            ($$"""{"idempotency_token": "t", "run_name": "{{new string('x', 11 << 20)}}", "tasks": []}""", 413),
        })
        {
            using HttpResponseMessage answer =
                await client.PostAsync(
                new Uri(Server.Uri, "/api/2.2/jobs/runs/submit"), new StringContent(body), TestContext.Current.CancellationToken);
            Assert.Equal(status, (int)answer.StatusCode);
        }

        Assert.Empty(Server.Workspace!.Jobs);
    }

    [Fact]
    public async Task Who_may_not_run_jobs_is_told_so()
    {
        await StartAsync(new() { MaySubmit = false });
        Assert.Contains("not authorized to create runs", Assert.Single(Run(Existing).Errors).ToString());
        Assert.Equal("FAILED", Stored.Status);
    }

    [Fact]
    public async Task The_workflow_file_goes_to_a_volume_and_statistics_come_from_one()
    {
        await StartAsync(new() { Job = new() { Outputs = new Dictionary<string, string> { ["/Volumes/main/anovos/r/global_summary.csv"] = "metric,value\nrows_count,7\n" } } });
        Session.Write("config.yaml", Config.Replace("dbfs:/reports", "/Volumes/main/anovos/r", StringComparison.Ordinal));
        Run($"{Existing} -WorkspaceFolder /Volumes/main/anovos/files").Clean();
        Assert.Equal(7, Metric("global_summary/rows_count"));
        Assert.Matches("^/Volumes/main/anovos/files/[0-9a-f]{32}/config.yaml$", Job.Parameters[^2]);
        Assert.DoesNotContain(Server.Artifacts, entry => entry.Key.StartsWith("Volumes/main/anovos/files", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Statistics_on_the_drivers_own_disk_are_missed_with_a_warning()
    {
        await StartAsync(new());
        Session.Write("config.yaml", Config.Replace("dbfs:/reports", "report_stats", StringComparison.Ordinal));
        Session.Write("report_stats/global_summary.csv", "metric,value\nrows_count,1\n");
        Assert.Contains(Run(Existing).Clean().Warnings, warning => warning.Contains("/databricks/driver/report_stats", StringComparison.Ordinal));
        Assert.DoesNotContain(Stored.Metrics, metric => metric.Key.StartsWith("global_summary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatIf_submits_nothing()
    {
        await StartAsync(new());
        Run($"{Existing} -WhatIf").Clean();
        Assert.Empty(Server.Workspace!.Jobs);
        Assert.All(Server.Requests, request => Assert.Equal("GET", request.Method));
    }
}
