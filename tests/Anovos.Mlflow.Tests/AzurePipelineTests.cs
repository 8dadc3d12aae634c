using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the commands in a task of Azure Pipelines: what they send to the agent, the run and the page of the build.</summary>
public sealed class AzurePipelineTests : IAsyncLifetime
{
    private const string Command = "##vso[";
    private const string Evil = "x\r\n##vso[task.complete result=Failed;]y] ; \u001b[31m##[error]z";

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = [];
    private TrackingServer _server = null!;

    [Fact]
    public void A_run_is_named_to_later_tasks_and_tagged_with_its_build()
    {
        ScriptResult result = Run("$run = Start-MlflowRun -Experiment Flow; $run.RunId").Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(Joined(stored), Commands(result));
        Assert.Equal([stored.RunId], result.Texts);
        Assert.Equal(("42", "Customers", "ada@corp.example"), (stored.Tags["azure.pipelines.buildId"], stored.Tags["azure.pipelines.pipeline"], stored.Tags["azure.pipelines.requestedFor"]));
        Assert.Equal("[Build 20261120.3 of Customers](https://dev.azure.com/corp/Data/_build/results?buildId=42)", stored.Tags["mlflow.note.content"]);
    }

    [Fact]
    public void A_gate_is_on_the_pages_of_the_build_and_fails_the_task()
    {
        // Like the first line that the task itself adds.
        ScriptResult result = Run(
            """
            $ErrorActionPreference = 'stop'
            $null = Start-MlflowRun -Experiment Flow -Name nightly
            Write-MlflowMetric @{ rmse = 0.6; auc = 0.9 }
            $rules = [ordered]@{ rmse = @{ max = 0.5 }; auc = @{ min = 'median:5' } }
            try { $null = Test-MlflowRun -Metric $rules -ExitOnFailure } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            $LASTEXITCODE
            """);
        Assert.Equal(["GateFailed", "1"], result.Texts);
        StoredRun stored = Assert.Single(_server.Runs);
        string[] commands = Commands(result)[Joined(stored).Length..];
        Assert.Equal(
            [
                $"##vso[task.logissue type=error;]MLflow run {stored.RunId}: metric/rmse/max: 0.6 is more than 0.5.",
                $"##vso[task.logissue type=warning;]MLflow run {stored.RunId}: metric/auc/min: "
                    + "No other finished run of the experiment has a number for auc.",
                $"##vso[task.logissue type=error;]Run {stored.RunId} breaks 1 rule. metric/rmse/max: 0.6 is more than 0.5.",
            ],
            commands.Where(command => command.Contains("logissue", StringComparison.Ordinal)));
        string summary = Summary(commands.Single(command => command.Contains("uploadsummary", StringComparison.Ordinal)));
        Assert.StartsWith("**Failed**: 1 of 2 rules failed for MLflow run [nightly](", summary, StringComparison.Ordinal);
        Assert.Contains("| Failed | metric/rmse/max | 0.6 | 0.5 | 0.6 is more than 0.5. |", summary);

        const string Published = "##vso[results.publish type=JUnit;mergeResults=true;publishRunAttachments=true;runTitle=MLflow gate;]";
        string published = Assert.Single(commands, command => command.Contains("results.publish", StringComparison.Ordinal));
        Assert.StartsWith(Published + Path.Combine(_session.Folder, "temp"), published, StringComparison.Ordinal);
        Assert.Contains("""tests="2" failures="1" errors="0" skipped="1">""", File.ReadAllText(published[Published.Length..]));
    }

    [Fact]
    public void A_gate_that_passes_has_no_issue_and_its_file_may_have_a_place()
    {
        ScriptResult result = Run(
            """
            $null = Start-MlflowRun -Experiment Flow
            Write-MlflowMetric rmse 0.4
            Test-MlflowRun -Metric @{ rmse = @{ max = 0.5 } } -ExitOnFailure -Quiet -JUnitPath ./results/gate.xml
            """).Clean();
        Assert.Equal(["True"], result.Texts);
        string[] commands = Commands(result)[3..];
        Assert.Equal(["task.uploadsummary", "results.publish"], commands.Select(command => command[Command.Length..].Split(' ', ']')[0]));
        Assert.EndsWith($"]{Path.Combine(_session.Folder, "results", "gate.xml")}", commands[^1], StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_session.Folder, "results", "gate.xml")));
    }

    [Fact]
    public void Stop_ends_the_run_as_the_job_stands_and_summarizes_it_for_the_build()
    {
        Set("AGENT_JOBSTATUS", "Failed");
        ScriptResult result = Run(
            """
            $null = Start-MlflowRun -Experiment Flow -Name nightly
            Write-MlflowMetric time/stats_generator/global_summary 3.4107
            Set-MlflowTag flagged/drift_statistics age
            (Stop-MlflowRun).Status
            """).Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(["Failed"], result.Texts);
        Assert.Equal("FAILED", stored.Status);
        string summary = Summary(Commands(result)[^1]);
        string page = $"{Address}/#/experiments/{stored.ExperimentId}/runs/{stored.RunId}?workflowType=machine_learning";
        Assert.StartsWith($"**Failed**: MLflow run [nightly]({page}) in experiment Flow", summary, StringComparison.Ordinal);
        Assert.Contains("| stats&#95;generator/global&#95;summary | 3.4 |", summary);
        Assert.Contains("| drift&#95;statistics | age |", summary);
    }

    [Fact]
    public async Task The_summary_and_the_report_link_to_the_workspace_where_there_is_one()
    {
        await using TrackingServer server = await TrackingServer.StartAsync(
            new TrackingServerOptions { Version = MlflowVersion.V3_17, HasWorkspaces = true });
        ScriptResult result = _session.Run(
            "$run = Start-MlflowRun -TrackingUri $Uri; $run.RunId; $null = Stop-MlflowRun; "
            + "[IO.File]::ReadAllText((Get-MlflowRun -TrackingUri $Uri | Export-MlflowReport ./report.html))",
            ("Uri", server.Uri.ToString())).Clean();
        string page = $"/runs/{result.Texts[0]}?workflowType=machine_learning&workspace=default";
        Assert.Contains($"{page})", Summary(Commands(result)[^1]));
        Assert.Contains($"\"{server.Uri.ToString().TrimEnd('/')}/#/experiments/0{page}\"", result.Texts[1].Replace("\\u0026", "&"));
    }

    [Theory]
    [InlineData("Succeeded", "", "Finished")]
    [InlineData("SucceededWithIssues", "", "Finished")]
    [InlineData("Canceled", "", "Killed")]
    [InlineData("Canceled", "Finished", "Finished")]
    public void The_status_that_is_asked_for_comes_before_the_jobs(string job, string asked, string expected)
    {
        Set("AGENT_JOBSTATUS", job);
        Assert.Equal([expected], Run($"$null = Start-MlflowRun; (Stop-MlflowRun {asked}).Status").Clean().Texts);
    }

    [Fact]
    public void A_later_task_finds_the_run_and_ends_it()
    {
        string[] variables = Commands(Run("$null = Start-MlflowRun -Experiment Flow").Clean());
        // The task's process ends, and the agent sets the variables for the next task.
        Run("Remove-Module Anovos.Mlflow").Clean();
        using var later = new ScriptSession();
        foreach (string variable in variables)
        {
            string[] parts = variable["##vso[task.setvariable variable=".Length..].Split(']', 2);
            Environment.SetEnvironmentVariable(parts[0], parts[1]);
        }

        later.Run("Write-MlflowParameter a 1; $null = Stop-MlflowRun").Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("1", "FINISHED"), (stored.Params["a"], stored.Status));
    }

    [Fact]
    public void When_a_nested_run_ends_later_tasks_join_the_outer_one_again()
    {
        ScriptResult result = Run("$outer = Start-MlflowRun -Name outer; Use-MlflowRun -ScriptBlock { } -Name inner; $null = Stop-MlflowRun").Clean();
        StoredRun outer = _server.Runs.Single(run => run.RunName == "outer"), inner = _server.Runs.Single(run => run.RunName == "inner");
        string[] commands = Commands(result);
        Assert.Equal([.. Joined(outer), .. Joined(inner), .. Joined(outer)], commands[..^1]);
        Assert.Contains("outer", Summary(commands[^1]));
    }

    [Fact]
    public void A_block_that_fails_has_a_summary_too()
    {
        ScriptResult result = Run("try { Use-MlflowRun -ScriptBlock { throw 'no' } } catch { \"$_\" }");
        Assert.Equal(["no"], result.Texts);
        Assert.StartsWith("**Failed**", Summary(Commands(result)[^1]), StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_and_errors_are_issues_where_somebody_is_to_hear_of_them()
    {
        ScriptResult result = Run(
            """
            Get-MlflowExperiment none
            Get-MlflowExperiment quiet -ErrorAction SilentlyContinue
            try { Stop-MlflowRun -RunId none -ErrorAction Stop } catch { }
            $null = Start-MlflowRun -Offline
            $null = Start-MlflowRun -Offline -WarningAction SilentlyContinue
            """);
        string[] issues = [.. Commands(result).Where(line => line.StartsWith("##vso[task.logissue ", StringComparison.Ordinal))];
        Assert.Equal(3, issues.Length);
        Assert.StartsWith("##vso[task.logissue type=error;]There is no experiment 'none'", issues[0], StringComparison.Ordinal);
        Assert.StartsWith("##vso[task.logissue type=error;]", issues[1], StringComparison.Ordinal);
        Assert.Equal($"##vso[task.logissue type=warning;]{result.Warnings[0]}", issues[2]);
    }

    [Fact]
    public void Files_on_their_way_are_progress()
    {
        for (int i = 0; i < 40; i++)
            _session.Write($"folder/{i}.txt", "1");
        ScriptResult result = Run("$null = Start-MlflowRun; $null = Send-MlflowArtifact folder").Clean();
        string[] told = [.. Commands(result).Where(line => line.Contains("setprogress"))];
        Assert.InRange(told.Length, 1, 21);
        Assert.StartsWith("##vso[task.setprogress value=100;]Sending 40 files to run ", told[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_workflow_is_progress_issues_a_summary_and_no_output_but_its_run()
    {
        ScriptResult result = Workflow("'--outputs' ./made").Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal([stored.RunId], result.Texts);
        string[] commands = Commands(result);
        Assert.Equal(Joined(stored), commands[..3]);
        Assert.Contains(commands, line => line.StartsWith("##vso[task.setprogress ", StringComparison.Ordinal)
            && line.EndsWith(";]time/without_report", StringComparison.Ordinal));
        Assert.Contains(commands, line => line.StartsWith("##vso[task.logissue type=warning;]", StringComparison.Ordinal) && line.EndsWith("column capital-gain is skewed", StringComparison.Ordinal));
        Assert.DoesNotContain(commands, line => line.Contains("type=error"));
        string summary = Summary(commands[^1]);
        Assert.StartsWith("**Finished**: MLflow run [", summary, StringComparison.Ordinal);
        Assert.Contains("| drift&#95;statistics | age |", summary);
        Assert.Contains("| Basic&#95;Report | 143.1 |\n| quality&#95;checker/duplicate&#95;detection | 11.0 |", summary);
        // The files that drift detection keeps for a later workflow are intermediate data, and this workflow does not track these.
        Assert.Contains("Sent: 5, NotTracked: 1\n", summary);
    }

    [Fact]
    public void A_workflow_that_fails_is_errors_of_the_build_and_nothing_secret_is_in_them()
    {
        ScriptResult result = Workflow("'--exit' 3");
        string[] commands = Commands(result);
        string[] errors = [.. commands.Where(line => line.StartsWith("##vso[task.logissue type=error;]", StringComparison.Ordinal))];
        Assert.Contains("no such column: income", errors[0]);
        Assert.Contains("exit code 3", errors[^1]);
        string summary = Summary(Assert.Single(commands, line => line.Contains("uploadsummary")));
        Assert.Contains("> The workflow ended with exit code 3.", summary);
        Assert.DoesNotContain("hunter2", string.Concat(commands) + summary);
        string note = _server.Runs.Single().Tags["mlflow.note.content"];
        Assert.StartsWith("[Build 20261120.3 of Customers](", note, StringComparison.Ordinal);
        Assert.Contains("exit code 3", note);
    }

    [Theory]
    [InlineData("TF_BUILD", null)]
    [InlineData("TF_BUILD", "False")]
    [InlineData("ANOVOS_MLFLOW_PIPELINE", "false")]
    public void Outside_of_a_pipeline_or_where_it_is_not_wanted_there_is_nothing_of_it(string name, string? value)
    {
        Set(name, value);
        Set("AGENT_JOBSTATUS", "Failed");
        ScriptResult result = Run(
            """
            $null = Start-MlflowRun
            $null = Stop-MlflowRun
            Get-MlflowExperiment none
            """);
        Workflow("'--outputs' ./made").Clean();
        Assert.Empty(Commands(result));
        Assert.Equal(["FINISHED", "FINISHED"], _server.Runs.Select(run => run.Status));
        Assert.DoesNotContain(_server.Runs.SelectMany(run => run.Tags), tag => tag.Key.StartsWith("azure.", StringComparison.Ordinal)
            || (tag.Key == "mlflow.note.content" && !tag.Value.StartsWith("**Finished** after ", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "temp", "anovos-mlflow")));
    }

    [Fact]
    public void A_switch_that_cannot_be_read_is_an_error_that_names_it()
    {
        Set("ANOVOS_MLFLOW_PIPELINE", "perhaps");
        ErrorRecord error = Run("Start-MlflowRun").Errors[0];
        Assert.Contains("ANOVOS_MLFLOW_PIPELINE", error.ToString());
        Assert.StartsWith("InvalidValue", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void No_name_and_no_word_of_others_begins_or_ends_a_command()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows takes no such names");
        Set("BUILD_DEFINITIONNAME", Evil);
        _session.Write("folder/" + Evil, "1");
        _server.Faults.Add("*", "*experiments/create", Faults.Answer(400, System.Text.Json.JsonSerializer.Serialize(new { error_code = "INVALID_PARAMETER_VALUE", message = Evil })));
        ScriptResult result = Run(
            """
            New-MlflowExperiment refused
            $null = Start-MlflowRun -Experiment $Evil -Name $Evil -Tag @{ 'flagged/x' = $Evil }
            $null = Send-MlflowArtifact folder
            Send-MlflowArtifact -LiteralPath "none $Evil"
            Get-MlflowExperiment $Evil-none
            $null = Stop-MlflowRun
            """, ("Evil", Evil));
        Assert.True(result.Errors.Length >= 3, string.Join("\n", result.Errors.Select(error => error.ToString())));
        string[] commands = Commands(result);
        Assert.True(commands.Length >= 8, string.Join("\n", commands));
        foreach (string command in commands)
        {
            Assert.StartsWith(Command, command, StringComparison.Ordinal);
            Assert.DoesNotContain(command, char.IsControl);
            Assert.Equal(0, command.LastIndexOf(Command, StringComparison.Ordinal));
            Assert.Matches(@"^##vso\[task\.(setvariable|setprogress|logissue|uploadsummary)[ \]]", command);
        }

        string summary = Summary(commands[^1]);
        Assert.DoesNotContain(Command, summary, StringComparison.Ordinal);
        Assert.DoesNotContain(summary, c => char.IsControl(c) && c != '\n');
    }

    [Fact]
    public void The_agent_reads_the_commands_on_standard_output()
    {
        string script = _session.Write("script.ps1", "$null = Start-MlflowRun -Experiment Flow; Stop-MlflowRun | Out-Null; 'output'");
        (_, string output, _) =
            HostTests.Run(Repository.HostProgram, Repository.HostArguments(script), _session.Folder, "MLFLOW_TRACKING_URI");
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal([.. Joined(Assert.Single(_server.Runs)), lines[3], "output"], lines);
        Assert.StartsWith("**Finished**", Summary(lines[3]), StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        string temp = Directory.CreateDirectory(Path.Combine(_session.Folder, "temp")).FullName;
        Set("MLFLOW_TRACKING_URI", Address);
        Set("TF_BUILD", "True");
        Set("BUILD_BUILDID", "42");
        Set("BUILD_BUILDNUMBER", "20261120.3");
        Set("BUILD_DEFINITIONNAME", "Customers");
        Set("BUILD_REPOSITORY_URI", "https://dev.azure.com/corp/Data/_git/customers");
        Set("BUILD_SOURCEVERSION", "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432");
        Set("BUILD_SOURCEBRANCH", "refs/heads/main");
        Set("BUILD_REQUESTEDFOREMAIL", "ada@corp.example");
        Set("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/corp/");
        Set("SYSTEM_TEAMPROJECT", "Data");
        Set("AGENT_JOBSTATUS", "Succeeded");
        Set("AGENT_TEMPDIRECTORY", temp);
        foreach (string name in new[] { "ANOVOS_MLFLOW_PIPELINE", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID" })
            Set(name, null);
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach (KeyValuePair<string, string?> variable in _before)
            Environment.SetEnvironmentVariable(variable.Key, variable.Value);
        await _server.DisposeAsync();
    }

    private string Address => _server.Uri.ToString().TrimEnd('/');

    private ScriptResult Run(string script, params (string, object?)[] variables) => _session.Run(script, variables);

    private ScriptResult Workflow(string arguments)
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH, in which tests/workflow/workflow.py is written");
        _session.Write("config.yaml", InvokeWorkflowTests.Config);
        InvokeWorkflowTests.WriteOutputs(_session);
        return Run($"Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow -SkipCheck python3 $Workflow {arguments}",
            ("Workflow", InvokeWorkflowTests.WorkflowProgram));
    }

    private string[] Joined(StoredRun run) =>
    [
        $"##vso[task.setvariable variable=MLFLOW_RUN_ID]{run.RunId}",
        $"##vso[task.setvariable variable=MLFLOW_TRACKING_URI]{Address}",
        $"##vso[task.setvariable variable=MLFLOW_EXPERIMENT_ID]{run.ExperimentId}",
    ];

    // A PowerShell task's standard output. It includes the records of Write-Host.
    private static string[] Commands(ScriptResult result) =>
        [.. result.Streams.Information.Where(record => record.Tags.Contains("PSHOST")).Select(record => record.MessageData.ToString()!).Where(line => line.Contains(Command, StringComparison.Ordinal))];

    private string Summary(string command)
    {
        const string Prefix = "##vso[task.uploadsummary]";
        Assert.StartsWith(Prefix + Path.Combine(_session.Folder, "temp"), command, StringComparison.Ordinal);
        return File.ReadAllText(command[Prefix.Length..]);
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
