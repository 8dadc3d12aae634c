using System.Globalization;
using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests runs and the data written to them, as a script does it.</summary>
public sealed class RunTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Fact]
    public async Task Metrics_params_and_tags_come_as_a_pair_a_table_or_objects()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $run = Start-MlflowRun
            Write-MlflowMetric loss 0.5 -Step 3
            Write-MlflowMetric @{ a = 1; b = '2.5'; c = [double]::NaN; d = '-inf'; e = $true }
            [pscustomobject]@{ Name = 'f'; Value = 7; Step = 9 } | Write-MlflowMetric
            Write-MlflowParameter lr 0.1
            Write-MlflowParameter @{ list = 1, 2; empty = ''; none = $null }
            Set-MlflowTag team ops
            $run | Set-MlflowTag @{ note = 'größe' }
            Remove-MlflowTag team
            """,
            ("Uri", server.Uri.ToString())).Clean();
        StoredRun run = server.Runs.Single();
        Assert.Equal((0.5, 3), (run.LatestMetrics["loss"].Value, run.LatestMetrics["loss"].Step));
        // A server with SQLite stores an infinity as the largest number.
        Assert.Equal([1, 2.5, double.NaN, double.MinValue, 1, 7], new[] { "a", "b", "c", "d", "e", "f" }.Select(key => run.LatestMetrics[key].Value));
        Assert.Equal(9, run.LatestMetrics["f"].Step);
        Assert.Equal(("0.1", "1 2", "", ""), (run.Params["lr"], run.Params["list"], run.Params["empty"], run.Params["none"]));
        Assert.Equal("größe", run.Tags["note"]);
        Assert.DoesNotContain("team", run.Tags.Keys);
    }

    [Fact]
    public void A_list_is_a_series_whose_steps_count_up()
    {
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun
            Write-MlflowMetric loss (0.5, 0.4, 0.3)
            Write-MlflowMetric loss (0.2, '0.1') -Step 3
            Write-MlflowMetric @{ rows = 7, $true; one = 1 } -Step 10
            [pscustomobject]@{ Name = 'piped'; Value = [Collections.Generic.List[int]](4, 5) } | Write-MlflowMetric
            Write-MlflowMetric none @()
            $points = 'loss', 'rows', 'one', 'piped' | ForEach-Object { Get-MlflowMetric $_ }
            $points | ForEach-Object { "$($_.Name) $($_.Step) $($_.Value)" }
            (Stop-MlflowRun).Metrics.Count
            """).Clean();
        Assert.Equal(
            [
                "loss 0 0.5", "loss 1 0.4", "loss 2 0.3", "loss 3 0.2", "loss 4 0.1", "rows 10 7", "rows 11 1", "one 10 1", "piped 0 4",
                "piped 1 5", "4",
            ],
            result.Texts);
    }

    [Fact]
    public void A_value_of_a_series_that_is_not_a_number_is_an_error_that_names_it_and_keeps_its_step()
    {
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun
            Write-MlflowMetric loss (0.5, 'wrong', (1, 2), $null, 0.2)
            Get-MlflowMetric loss | ForEach-Object { "$($_.Step) $($_.Value)" }
            Write-MlflowMetric 'bad%' (1, 2)
            (Stop-MlflowRun).Metrics.Keys
            """);
        Assert.Equal(["0 0.5", "4 0.2", "loss"], result.Texts);
        Assert.Equal(["InvalidValue"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]).Distinct());
        string[] messages = [.. result.Errors.Select(error => error.ToString())];
        Assert.Equal(4, messages.Length);
        Assert.Contains("'wrong' of the metric 'loss'", messages[0]);
        Assert.Contains("'1 2' of the metric 'loss'", messages[1]);
        Assert.Contains("'bad%'", messages[3]);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("sqlite:///m.db")]
    public void A_long_series_arrives_whole_in_each_local_store(string uri)
    {
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri $Uri
            Write-MlflowMetric m (1..20001) -Step 5
            $points = @(Get-MlflowMetric m)
            $gaps = 0; for ($i = 0; $i -lt $points.Count; $i++) { if ($points[$i].Value -ne $i + 1 -or $points[$i].Step -ne $i + 5) { $gaps++ } }
            $points.Count; $gaps; $points[0].Step; $points[-1].Step; (Stop-MlflowRun).Metrics['m']
            """,
            ("Uri", uri)).Clean();
        Assert.Equal(["20001", "0", "5", "20005", "20001"], result.Texts);
    }

    [Fact]
    public async Task Many_values_are_few_requests()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Run("Connect-Mlflow $Uri | Out-Null; $null = Start-MlflowRun; 1..2500 | ForEach-Object { [pscustomobject]@{ Name = 'm'; Value = $_; Step = $_ } } | Write-MlflowMetric", ("Uri", server.Uri.ToString())).Clean();
        Assert.Equal(2500, server.Runs.Single().Metrics.Count);
        Assert.InRange(server.Requests.Count(request => request.Path.EndsWith("log-batch", StringComparison.Ordinal)), 3, 6);
    }

    [Fact]
    public async Task A_batch_that_is_refused_is_an_error_and_the_next_arrives()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Run("Connect-Mlflow $Uri | Out-Null; $null = Start-MlflowRun", ("Uri", server.Uri.ToString())).Clean();
        server.Faults.Add("POST", "*log-batch", Faults.Answer(400, """{"error_code": "INVALID_PARAMETER_VALUE", "message": "not this one"}"""));

        ScriptResult result = _session.Run("1..2500 | ForEach-Object { [pscustomobject]@{ Name = 'm'; Value = $_; Step = $_ } } | Write-MlflowMetric");

        Assert.Contains("not this one", Assert.Single(result.Errors).ToString());
        Assert.Equal(Enumerable.Range(1001, 1500), server.Runs.Single().Metrics.Select(point => (int)point.Step));
    }

    [Fact]
    public async Task What_is_being_written_arrives_though_the_pipeline_fails()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Run("Connect-Mlflow $Uri | Out-Null; $null = Start-MlflowRun", ("Uri", server.Uri.ToString())).Clean();
        server.Faults.Add("POST", "*log-batch", Faults.Delay(TimeSpan.FromMilliseconds(300)));

        ScriptResult result = _session.Run("try { 1..2500 | ForEach-Object { if ($_ -gt 1000) { throw 'no more' } [pscustomobject]@{ Name = 'm'; Value = $_; Step = $_ } } | Write-MlflowMetric } catch { \"$_\" }");

        Assert.Equal(["no more"], result.Texts);
        Assert.Equal(1000, server.Runs.Single().Metrics.Count);
    }

    [Fact]
    public void Numbers_are_written_the_same_under_a_culture_with_decimal_commas()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.DefaultThreadCurrentCulture = new CultureInfo("de-DE");
            using var session = new ScriptSession();
            ScriptResult result = session.Run(
                """
                $null = Start-MlflowRun -Tag @{ t = 1.5 }
                Write-MlflowMetric @{ pi = 3.25; text = '1234.5' }
                Write-MlflowParameter half 0.5
                Write-MlflowMetric wrong '1,5'
                $run = Stop-MlflowRun
                "$([cultureinfo]::CurrentCulture.Name) $($run.Metrics['pi'] -eq 3.25) $($run.Metrics['text'] -eq 1234.5) $($run.Params['half']) $($run.Tags['t']) $($run.Metrics.ContainsKey('wrong'))"
                """);
            Assert.Equal("de-DE True True 0.5 1.5 False", result.Texts.Single());
            Assert.Contains("1,5", Assert.Single(result.Errors).ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
            CultureInfo.DefaultThreadCurrentCulture = null;
        }
    }

    [Fact]
    public void A_value_that_MLflow_refuses_is_an_error_that_stops_no_other()
    {
        ScriptResult result = _session.Run("$null = Start-MlflowRun; Write-MlflowMetric ([ordered]@{ 'bad%' = 1; good = 2; text = 'x' }); (Stop-MlflowRun).Metrics.Keys");
        Assert.Equal(["good"], result.Texts);
        Assert.Equal(["InvalidValue", "InvalidValue"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Contains("bad_", result.Errors[0].ToString());
    }

    [Fact]
    public void A_param_keeps_its_value_and_an_over_long_one_is_cut_with_a_warning()
    {
        ScriptResult result = _session.Run("$null = Start-MlflowRun; Write-MlflowParameter a 1; Write-MlflowParameter a 2; Write-MlflowParameter long ('x' * 6001); $run = Stop-MlflowRun; $run.Params['a']; $run.Params['long'].Length");
        Assert.Equal(["1", "6000"], result.Texts);
        Assert.StartsWith("ParameterConflict", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("6001", Assert.Single(result.Warnings));
    }

    [Fact]
    public void A_nested_run_names_its_parent_and_stopping_it_returns_to_the_outer_one()
    {
        ScriptResult result = _session.Run(
            """
            $env:MLFLOW_RUN_ID = 'before'
            $outer = Start-MlflowRun -Name outer
            $inner = Start-MlflowRun -Name inner
            $inner.Tags['mlflow.parentRunId'] -eq $outer.RunId
            $env:MLFLOW_RUN_ID -eq $inner.RunId
            (Stop-MlflowRun).RunName
            $env:MLFLOW_RUN_ID -eq $outer.RunId
            (Stop-MlflowRun -Status Failed).Status
            $env:MLFLOW_RUN_ID
            $env:MLFLOW_RUN_ID = $null
            """).Clean();
        Assert.Equal(["True", "True", "inner", "True", "Failed", "before"], result.Texts);
    }

    [Fact]
    public void Stopping_the_outer_run_first_leaves_the_inner_one_and_then_the_environment_as_it_was()
    {
        ScriptResult result = _session.Run(
            """
            $outer = Start-MlflowRun
            $inner = Start-MlflowRun
            $null = Stop-MlflowRun -Run $outer
            $env:MLFLOW_RUN_ID -eq $inner.RunId
            $null = Stop-MlflowRun
            $null -eq $env:MLFLOW_RUN_ID
            """).Clean();
        Assert.Equal(["True", "True"], result.Texts);
    }

    [Fact]
    public void Child_processes_find_the_run_in_their_environment()
    {
        ScriptResult result = _session.Run("$run = Start-MlflowRun -Experiment x; $env:MLFLOW_RUN_ID -eq $run.RunId; $env:MLFLOW_EXPERIMENT_ID -eq $run.ExperimentId; $env:MLFLOW_TRACKING_URI -eq $run.TrackingUri; $null = Stop-MlflowRun; $null -eq $env:MLFLOW_TRACKING_URI").Clean();
        Assert.Equal(["True", "True", "True", "True"], result.Texts);
    }

    [Fact]
    public void A_run_is_resumed_by_its_id_and_found_by_MLFLOW_RUN_ID()
    {
        ScriptResult result = _session.Run(
            """
            $id = (Start-MlflowRun -Name long).RunId
            $null = Stop-MlflowRun Failed
            (Start-MlflowRun -RunId $id -Tag @{ again = 1 }).Status
            $null = Stop-MlflowRun
            $env:MLFLOW_RUN_ID = $id
            Write-MlflowMetric late 1
            (Get-MlflowRun $id).Metrics['late']
            $env:MLFLOW_RUN_ID = $null
            """).Clean();
        Assert.Equal(["Running", "1"], result.Texts);
    }

    [Fact]
    public void A_command_that_needs_a_run_and_finds_none_says_how_to_start_one()
    {
        ErrorRecord e = Assert.Single(_session.Run("Write-MlflowMetric a 1").Errors);
        Assert.StartsWith("NoActiveRun", e.FullyQualifiedErrorId);
        Assert.Contains("Start-MlflowRun", e.ToString());
    }

    [Fact]
    public void A_block_under_a_run_ends_it_as_it_ended_itself()
    {
        ScriptResult good = _session.Run("Use-MlflowRun -Name good { param($run) 'first'; Write-MlflowMetric m 1; $run.RunName }").Clean();
        Assert.Equal(["first", "good"], good.Texts);

        var e = Assert.ThrowsAny<RuntimeException>(() => _session.Run("Use-MlflowRun -Name bad { throw 'broken' }"));
        Assert.Contains("broken", e.Message);
        Assert.Equal(["bad Failed", "good Finished"], _session.Run("Get-MlflowRun | ForEach-Object { \"$($_.RunName) $($_.Status)\" }").Clean().Texts);
        Assert.Null(Environment.GetEnvironmentVariable("MLFLOW_RUN_ID"));
    }

    [Fact]
    public async Task Stopping_the_pipeline_ends_a_block_as_killed()
    {
        using PowerShell pipeline = _session.Create("Use-MlflowRun -Name long { [System.IO.File]::WriteAllText((Join-Path $Folder started), ''); while ($true) { [System.Threading.Thread]::Sleep(10) } }".Replace("Join-Path $Folder started", $"'{Path.Combine(_session.Folder, "started")}'"));
        IAsyncResult running = pipeline.BeginInvoke();
        while (!running.IsCompleted && !File.Exists(Path.Combine(_session.Folder, "started")))
            await Task.Delay(10);
        await Task.Run(pipeline.Stop);
        Assert.ThrowsAny<Exception>(() => pipeline.EndInvoke(running));
        Assert.Equal("Killed", _session.Run("(Get-MlflowRun).Status").Clean().Texts.Single());
    }

    [Fact]
    public async Task Sending_shows_progress_with_a_percentage_and_bytes_and_an_end()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("PUT", "*", Faults.Delay(TimeSpan.FromMilliseconds(40)), times: 60);
        foreach (int i in Enumerable.Range(0, 60))
            _session.Write($"many/{i}.txt", new string('x', 1024));
        ScriptResult result = _session.Run("Connect-Mlflow $Uri | Out-Null; $null = Start-MlflowRun; Send-MlflowArtifact ./many -ThrottleLimit 4", ("Uri", server.Uri.ToString())).Clean();

        Assert.Equal(60, result.Output.Count);
        ProgressRecord[] progress = [.. result.Streams.Progress];
        Assert.Equal(ProgressRecordType.Completed, progress[^1].RecordType);
        Assert.Contains(progress, record => record.PercentComplete is > 0 and < 100 && record.StatusDescription.Contains("KiB of 60.0 KiB"));
    }

    [Fact]
    public void A_run_that_is_piped_is_written_to_where_it_is()
    {
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun -TrackingUri ./elsewhere
            $null = Stop-MlflowRun
            $run | Write-MlflowMetric late 1
            @{ table = 2 } | Write-MlflowMetric -Run $run
            (Get-MlflowRun -TrackingUri ./elsewhere).Metrics.Keys
            ($run | Stop-MlflowRun -Status Killed).Status
            """).Clean();
        Assert.Equal(["Killed", "late", "table"], result.Texts.Order());
    }

    [Fact]
    public async Task Stopping_the_pipeline_ends_a_transfer_that_the_server_holds_up()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Run("Connect-Mlflow $Uri | Out-Null; $null = Start-MlflowRun", ("Uri", server.Uri.ToString())).Clean();
        var arrived = new TaskCompletionSource();
        server.Faults.Add("PUT", "*", async (context, _) =>
        {
            arrived.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using PowerShell pipeline = _session.Create("Send-MlflowArtifact $File", ("File", _session.Write("a.txt", "x")));
        IAsyncResult running = pipeline.BeginInvoke();
        await arrived.Task;

        // The server never responds: this returns only if the transfer is canceled.
        await Task.Run(pipeline.Stop);
        Assert.ThrowsAny<PipelineStoppedException>(() => pipeline.EndInvoke(running));
    }

    [Fact]
    public void Experiments_are_made_listed_with_wildcards_and_not_made_twice()
    {
        ScriptResult result = _session.Run(
            """
            (New-MlflowExperiment alpha, beta -Tag @{ team = 'ops' }).Name
            New-MlflowExperiment alpha
            (Get-MlflowExperiment a*).Tags['team']
            Get-MlflowExperiment none
            (Get-MlflowExperiment).Count
            """);
        Assert.Equal(["alpha", "beta", "ops", "3"], result.Texts);
        Assert.Equal(["ExperimentExists", "ExperimentNotFound"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
    }

    [Fact]
    public void Runs_are_found_by_filter_order_and_number()
    {
        ScriptResult result = _session.Run(
            """
            1..5 | ForEach-Object { $null = Start-MlflowRun -Experiment x -Name "run$_"; Write-MlflowMetric score $_; $null = Stop-MlflowRun }
            (Get-MlflowRun -Experiment x -Filter 'metrics.score > 2' -OrderBy 'metrics.score DESC' -First 2).RunName
            (Get-MlflowRun)[0].Experiment
            Get-MlflowRun -Filter 'nonsense'
            """);
        Assert.Equal(["run5", "run4", "x"], result.Texts);
        Assert.StartsWith("InvalidValue", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_block_that_the_user_declined_does_not_run()
    {
        ScriptResult result = _session.Run("Use-MlflowRun -WhatIf { 'ran' }; $WhatIfPreference = $true; Use-MlflowRun { 'ran' }").Clean();
        Assert.Empty(result.Output);
    }

    [Fact]
    public void A_nested_run_goes_to_the_experiment_of_the_outer_one()
    {
        ScriptResult result = _session.Run("$null = Start-MlflowRun -Experiment ours; (Start-MlflowRun).Experiment; (Start-MlflowRun -Experiment theirs).Experiment").Clean();
        Assert.Equal(["ours", "theirs"], result.Texts);
    }

    [Fact]
    public void Experiments_runs_and_ids_can_be_piped_to_get_runs()
    {
        ScriptResult result = _session.Run(
            """
            $a = Start-MlflowRun -Experiment a -Name one
            $null = Stop-MlflowRun
            $null = Start-MlflowRun -Experiment b -Name other; $null = Stop-MlflowRun
            (Get-MlflowExperiment a | Get-MlflowRun).RunName
            ($a | Get-MlflowRun).Status
            ($a.RunId, 'nothing' | Get-MlflowRun).RunName
            """);
        Assert.Equal(["one", "Finished", "one"], result.Texts);
        Assert.StartsWith("RunNotFound", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void An_artifact_path_may_name_a_file_and_one_that_names_nothing_is_an_error()
    {
        _session.Write("a.txt", "abc");
        ScriptResult result = _session.Run("$null = Start-MlflowRun; $null = Send-MlflowArtifact a.txt -ArtifactPath x/y; (Get-MlflowArtifact x/y/a.txt).Length; (Get-MlflowArtifact x -Recurse).ArtifactPath; Get-MlflowArtifact x/z");
        Assert.Equal(["3", "x/y", "x/y/a.txt"], result.Texts);
        Assert.StartsWith("ArtifactNotFound", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_name_is_for_one_file_and_the_second_one_is_an_error()
    {
        _session.Write("a.csv", "a");
        _session.Write("b.csv", "b");
        ScriptResult result = _session.Run("$null = Start-MlflowRun; Send-MlflowArtifact *.csv -Name x.csv | ForEach-Object { \"$($_.Status) $($_.Path)\" }");
        Assert.EndsWith("a.csv", Assert.Single(result.Texts));
        Assert.Contains("b.csv", Assert.Single(result.Errors).ToString());
    }

    [Fact]
    public async Task Every_retry_is_a_verbose_line_and_from_the_third_on_a_warning()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        server.Faults.Add("*", "*", Faults.Unavailable(retryAfter: 0), times: 4);
        ScriptResult result = _session.Run("Start-MlflowRun -TrackingUri $Uri -Verbose", ("Uri", server.Uri.ToString())).Clean();
        Assert.Equal(2, result.Verbose.Count(line => line.Contains("Trying again")));
        Assert.Equal(["3 of 7", "4 of 7"], result.Warnings.Select(warning => warning[(warning.IndexOf('(') + 1)..warning.IndexOf(')')]).Select(text => text.Contains(" of ") ? text : ""));
    }

    [Fact]
    public void Completion_offers_experiments_and_runs()
    {
        _session.Run("$null = Start-MlflowRun -Experiment \"it's\" -Name nightly; $null = Stop-MlflowRun").Clean();
        ScriptResult result = _session.Run(
            """
            $line = 'Get-MlflowRun -Experiment '
            [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
            $line = 'Stop-MlflowRun -RunId '
            [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches[0].ToolTip
            """).Clean();
        Assert.Contains("'it''s'", result.Texts);
        Assert.StartsWith("nightly, Finished", result.Texts[^1]);
    }

    public void Dispose() => _session.Dispose();
}
