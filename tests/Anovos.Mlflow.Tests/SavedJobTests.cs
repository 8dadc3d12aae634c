using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests a workflow that a job of the workspace runs: with parameters, to completion, and repaired.</summary>
public sealed class SavedJobTests : JobTests
{
    private const string Saved =
        """
        {
          "name": "Anovos",
          "parameters": [
            { "name": "mlflow_run_id", "default": "" }, { "name": "mlflow_tracking_uri", "default": "" },
            { "name": "anovos_config", "default": "" }, { "name": "day", "default": "today" }
          ],
          "environments": [ { "environment_key": "anovos", "spec": { "environment_version": "4", "dependencies": [ "anovos" ] } } ],
          "tasks": [
            { "task_key": "prepare", "notebook_task": { "notebook_path": "/Shared/prepare" } },
            { "task_key": "workflow", "depends_on": [ { "task_key": "prepare" } ], "environment_key": "anovos", "spark_python_task": {
                "python_file": "/Workspace/Shared/join.py",
                "parameters": [ "--mlflow-run-id={{job.parameters.mlflow_run_id}}", "main.py", "{{job.parameters.anovos_config}}",
                    "{{job.parameters.day}}" ] } },
            { "task_key": "clean", "depends_on": [ { "task_key": "workflow" } ], "run_if": "ALL_DONE",
                "notebook_task": { "notebook_path": "/Shared/clean" } },
            { "task_key": "publish", "depends_on": [ { "task_key": "workflow" } ], "notebook_task": { "notebook_path": "/Shared/publish" } }
          ]
        }
        """;

    private const string Start =
        "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 501 -JobParameter @{ day = '2026-11-30' }; \"code $LASTEXITCODE\"";

    private static JobScript Failing => new()
    {
        TaskResults = new Dictionary<string, IReadOnlyList<string>> { ["workflow"] = ["FAILED", "FAILED", "SUCCESS"] },
        TaskLogs = new Dictionary<string, string> { ["workflow"] = Log },
        NotebookResults = new Dictionary<string, string> { ["prepare"] = "912 rows", ["publish"] = "https://example.com/report" },
        Error = "KeyError: 'income'",
        Trace = "Traceback (most recent call last):\n  File \"main.py\", line 7\nKeyError: 'income'\n",
    };

    [Fact]
    public async Task A_job_is_run_with_parameters_and_followed_to_its_end()
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = new() { Logs = Log, NotebookResults = Failing.NotebookResults } });
        ScriptResult result = Run(Start).Clean();
        Assert.Equal(("FINISHED", "code 0", 3.4107), (Stored.Status, result.Texts[^1], Metric("time/stats_generator/global_summary")));
        Assert.Equal(("501", $"{Job.RunId}"), (Stored.Tags["mlflow.databricks.jobID"], Stored.Tags["mlflow.databricks.jobRunID"]));
        Assert.Equal(Stored.RunId, Job.RunNow.GetProperty("idempotency_token").GetString());

        IReadOnlyList<string> arguments = Job.Attempts.Single(attempt => attempt.Key == "workflow").Arguments;
        Assert.Equal([$"--mlflow-run-id={Stored.RunId}", "main.py", "2026-11-30"], [arguments[0], arguments[1], arguments[3]]);
        Assert.Equal(("databricks", Config), (Job.JobParameters["mlflow_tracking_uri"], Job.Files[arguments[2]["/Workspace".Length..]]));
        Assert.Empty(Server.Workspace!.Files);
        string log = LogOf(Stored);
        string[] lines =
            ["Task prepare: RUNNING", "Task workflow: TERMINATED SUCCESS", "912 rows", "https://example.com/report", "execution time w/o report"];
        Assert.All(lines, line => Assert.Contains(line, log));
        Assert.DoesNotContain(Server.Requests, request => request.BodyText.Contains("dapi-personal", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_failed_is_repaired_as_often_as_it_takes_and_is_the_same_run()
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = Failing });
        ErrorRecord error = Run(Start)
            .Errors.First(record => record.FullyQualifiedErrorId.StartsWith("WorkflowFailed", StringComparison.Ordinal));
        Assert.Contains("ended as FAILED (RUN_EXECUTION_ERROR): Task workflow failed with message", error.ToString());
        Assert.EndsWith("KeyError: 'income'. Invoke-AnovosWorkflow -Repair runs the failed tasks again. Run " + Stored.RunId + " "
            + "has its log and a note.", error.ToString());
        Assert.Equal(["SUCCESS", "FAILED", "SUCCESS", "UPSTREAM_FAILED"], Job.Attempts.Select(attempt => attempt.Result));
        Assert.Equal("FAILED", Stored.Status);

        string again = $"Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -Repair {Stored.RunId}; \"code $LASTEXITCODE\"";
        Assert.Equal("code -1", Run(again).Texts[^1]);
        ScriptResult repaired = Run($"Get-MlflowRun {Stored.RunId} -TrackingUri databricks | ForEach-Object {{ Invoke-AnovosWorkflow "
            + $"-SkipCheck -Config $Workflow -Repair $_ }}; \"code $LASTEXITCODE\"").Clean();
        Assert.Equal(("FINISHED", "code 0", 201.4), (Stored.Status, repaired.Texts[^1], Metric("time/without_report")));

        // The first task ran once. The failed task and those that depend on it ran each time. Each repair named the previous repair.
        Assert.Equal(
            "prepare 0, workflow 0, clean 0, publish 0, workflow 1, clean 1, publish 1, workflow 2, clean 2, publish 2",
            string.Join(", ", Job.Attempts.Select(attempt => $"{attempt.Key} {attempt.Number}")));
        Assert.False(Job.Repairs[0].TryGetProperty("latest_repair_id", out _));
        Assert.Equal(Job.RunId * 100, Job.Repairs[1].GetProperty("latest_repair_id").GetInt64());
        Assert.All(Job.Repairs, repair =>
            Assert.True(
            repair.GetProperty("rerun_all_failed_tasks").GetBoolean() && repair.GetProperty("rerun_dependent_tasks").GetBoolean()));
        IReadOnlyList<string> arguments = Job.Attempts[^3].Arguments;
        Assert.Equal(($"--mlflow-run-id={Stored.RunId}", "2026-11-30"), (arguments[0], arguments[3]));
        Assert.NotEqual(Job.Attempts[1].Arguments[2], arguments[2]);
        Assert.Contains("Output of task workflow, attempt 3:", LogOf(Stored));
        Assert.StartsWith("**Failed**", Stored.Tags["mlflow.note.content"]);
        Assert.Contains("**Finished**", Stored.Tags["mlflow.note.content"]);
    }

    [Theory]
    [InlineData(StateForm.Both)]
    [InlineData(StateForm.State)]
    [InlineData(StateForm.Status)]
    public async Task Its_state_is_read_in_the_new_form_and_in_the_old(StateForm form)
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = Failing with { Form = form } });
        Run(Start);
        Assert.Equal(
            ("FAILED", "SUCCESS FAILED SUCCESS UPSTREAM_FAILED"),
            (Stored.Status, string.Join(" ", Job.Attempts.Select(attempt => attempt.Result))));
        Assert.DoesNotContain("could not be read", LogOf(Stored));
    }

    [Fact]
    public async Task All_tasks_of_a_large_job_are_read()
    {
        string tasks = string.Join(", ", Enumerable.Range(0, 250).Select(i => $$"""{ "task_key": "t{{i}}", "notebook_task": { "notebook_path": "/Shared/n" } }"""));
        string parameters = string.Join(", ", Enumerable.Range(0, 120).Select(i => $$"""{ "name": "p{{i}}", "default": "" }""")) + """, { "name": "mlflow_run_id", "default": "" }""";
        await StartAsync(new()
        {
            SavedJobs = [$$"""{ "parameters": [ {{parameters}} ], "tasks": [ {{tasks}} ] }"""],
            Job = new()
            {
                Phases = [],
                TaskResults = new Dictionary<string, IReadOnlyList<string>> { ["t249"] = ["FAILED"] },
                TaskLogs = new Dictionary<string, string> { ["t249"] = "the last task" }
            },
        });
        Assert.Contains("t249", Run(Start).Errors[^1].ToString());
        Assert.Equal(Stored.RunId, Job.JobParameters["mlflow_run_id"]);
        Assert.Contains("the last task", LogOf(Stored));
    }

    [Fact]
    public async Task What_is_cut_off_is_said_of_each_task()
    {
        await StartAsync(
            new() { SavedJobs = [Saved], Job = new() { Logs = Log, NotebookResults = Failing.NotebookResults, IsTruncated = true } });
        Run(Start).Clean();
        Assert.Contains("last 5 MB", LogOf(Stored));
        Assert.Contains("first 5 MB of a notebook's result", LogOf(Stored));
    }

    [Fact]
    public async Task A_job_without_the_parameter_runs_and_the_log_says_that_it_cannot_join()
    {
        await StartAsync(new() { SavedJobs = ["""{ "tasks": [ { "task_key": "a", "notebook_task": { "notebook_path": "/Shared/a" } } ] }"""] });
        Run(Start).Clean();
        Assert.Contains("has no parameter mlflow_run_id", LogOf(Stored));
        Assert.Equal(["day"], Job.RunNow.GetProperty("job_parameters").EnumerateObject().Select(parameter => parameter.Name));
        Assert.DoesNotContain(Server.Requests, request =>
            request.Path.Contains("/workspace/", StringComparison.Ordinal) && request.Method == "POST");
    }

    [Fact]
    public async Task Stopping_cancels_the_run_of_the_job_and_it_can_be_repaired()
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = new() { Hangs = true } });
        await StopAsync(Start);
        Assert.Equal((true, "KILLED"), (Job.IsCancelled, Stored.Status));
        Assert.Empty(Server.Workspace!.Files);
    }

    [Fact]
    public async Task A_repair_whose_response_was_lost_is_found_again()
    {
        await StartAsync(
            new()
            {
                SavedJobs = [Saved],
                Job = Failing with { TaskResults = new Dictionary<string, IReadOnlyList<string>> { ["workflow"] = ["FAILED", "SUCCESS"] } }
            });
        Run(Start);
        Server.Faults.Add("*", "/api/2.2/jobs/runs/repair", Faults.CloseAfter, times: 1);
        Run($"Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -Repair {Stored.RunId}").Clean();
        Assert.Equal(("FINISHED", 1), (Stored.Status, Job.Repairs.Count));
    }

    [Fact]
    public async Task Only_the_run_of_a_job_that_failed_can_be_repaired()
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = new() });
        Run(Start).Clean();
        Assert.Contains("succeeded: there is nothing to repair", Repair(Stored.RunId));
        Run("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/main.py -ServerlessEnvironment @{ environment_version = '5' }")
            .Clean();
        Assert.Contains("submitted as a one-time run", Repair(Server.Runs[^1].RunId));
        string other = Run("(Start-MlflowRun -TrackingUri databricks -Experiment /Shared/churn | Stop-MlflowRun).RunId").Clean().Texts[^1];
        Assert.Contains("mlflow.databricks.jobRunID is missing", Repair(other));
        Assert.Equal("FINISHED", Server.Runs[^1].Status);

        string Repair(string id) =>
            Assert.Single(Run($"Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -Repair {id}").Errors).ToString();
    }

    [Fact]
    public async Task A_secret_parameter_is_sent_and_shown_nowhere()
    {
        await StartAsync(new() { SavedJobs = [Saved], Job = new() { Logs = "the password is hush-hush-4711\n" } });
        ScriptResult result = Run("$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'; "
            + "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 501 -JobParameter @{ db_password = 'hush-hush-4711' }");
        Assert.Equal("hush-hush-4711", Job.JobParameters["db_password"]);
        Assert.DoesNotContain("hush-hush", LogOf(Stored));
        Assert.DoesNotContain("hush-hush", string.Join("\n", result.Texts.Concat(Lines(result.Streams))));
        Assert.DoesNotContain("hush-hush", JsonSerializer.Serialize(Stored.Tags));
    }

    private static IEnumerable<string> Lines(PSDataStreams streams) =>
        new IEnumerable<object>[] { streams.Error, streams.Warning, streams.Verbose, streams.Debug, streams.Information, streams.Progress }
            .SelectMany(stream => stream.Select(record => $"{record}"));
}
