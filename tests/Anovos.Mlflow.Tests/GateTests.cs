namespace Anovos.Mlflow.Tests;

/// <summary>Tests the output of Test-MlflowRun, and how it fails a script.</summary>
public sealed class GateTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    public void A_run_is_tested_by_the_rules_of_a_table(string where)
    {
        string[] results = Run(
            where,
            """
            $null = Start-MlflowRun -Experiment gates -Name first
            Write-MlflowMetric @{ rmse = 0.4; auc = 0.8 }
            $first = Stop-MlflowRun
            $null = Start-MlflowRun -Experiment gates -Name second
            Write-MlflowMetric @{ rmse = 0.5; auc = 0.9 }
            Test-MlflowRun -Metric @{ rmse = @{ max = 0.45; min = '0.1' } } | ForEach-Object ToString
            $second = Stop-MlflowRun
            $rule = @{ min = "run:$($first.RunId)"; Tolerance = 0.01 }
            $second | Test-MlflowRun -Metric @{ auc = $rule } | ForEach-Object { "$($_.Outcome) $($_.Value) $($_.Bound)" }
            $first, $second | Test-MlflowRun -Metric @{ rmse = @{ max = 0.45 } } -Quiet
            (Test-MlflowRun -RunId $second.RunId -Metric @{ rmse = @{ max = 'median:5' } }).Outcome
            (Test-MlflowRun -Run $second -Metric @{ loss = @{ max = 1; allowMissing = $true } }).Outcome
            """).Clean().Texts;
        Assert.Equal(
            [
                "Failed: metric/rmse/max: 0.5 is more than 0.45.", "Passed: metric/rmse/min: 0.5 is at least 0.1.",
                "Passed 0.9 0.79", "True", "False", "Warning", "Passed",
            ],
            results);
    }

    [Fact]
    public void The_champion_is_a_bound()
    {
        _session.Write("model/MLmodel", "flavors:\n  python_function:\n    loader_module: none\n");
        string[] results = Run(
            "database",
            """
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric rmse 0.4
            $null = Send-MlflowArtifact ./model
            $null = Stop-MlflowRun | New-MlflowModelVersion income model
            Set-MlflowModelAlias income champion 1
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric rmse 0.5
            Test-MlflowRun -Metric @{ rmse = @{ max = 'models:/income@champion' } } | ForEach-Object Outcome
            Test-MlflowRun -Metric @{ rmse = @{ max = 'models:/income@champion'; tolerance = '25%' } } | ForEach-Object Outcome
            Test-MlflowRun -Metric @{ rmse = @{ max = 'models:/income@nobody' } } | ForEach-Object Outcome
            """).Clean().Texts;
        Assert.Equal(["Failed", "Passed", "Failed"], results);
    }

    [Fact]
    public void Rules_come_from_a_file_and_parameters_replace_them()
    {
        _session.Write("gate.yaml", "metrics:\n  rmse: { max: 0.5 }\n  auc: { min: 0.8 }\nmaxDrifted: 0\nrequiredArtifacts: [note.txt]\n");
        _session.Write("note.txt", "a note");
        string[] results = Run(
            "database",
            """
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric @{ rmse = 0.6; auc = 0.9; 'flagged/drift_statistics' = 1; 'time/drift_detector/drift_statistics' = 3 }
            $null = Send-MlflowArtifact ./note.txt
            Test-MlflowRun gate.yaml | ForEach-Object { "$($_.Outcome) $($_.Rule)" }
            $rules = @{ Metric = @{ rmse = @{ max = 0.7 } }; MaxDrifted = 1; RequiredArtifact = 'missing.txt' }
            Test-MlflowRun gate.yaml @rules -RequiredStep drift_detector -MaxDuration 1:00 |
                ForEach-Object { "$($_.Outcome) $($_.Rule)" }
            """).Clean().Texts;
        Assert.Equal(
            [
                "Failed metric/rmse/max", "Passed metric/auc/min", "Failed drifted", "Passed artifact/note.txt",
                "Passed metric/auc/min", "Passed metric/rmse/max", "Passed drifted", "Passed duration", "Passed step/drift_detector",
                "Failed artifact/missing.txt",
            ],
            results);
    }

    [Fact]
    public void A_file_that_is_not_understood_ends_the_command_with_its_place()
    {
        _session.Write("gate.yaml", "metrics:\n  rmse: { maximum: 0.5 }\n");
        ScriptResult result = Run("database", "try { Test-MlflowRun gate.yaml } catch { $_.FullyQualifiedErrorId; \"$_\" }");
        Assert.StartsWith("ConfigInvalid,", result.Texts[0]);
        Assert.Contains("gate.yaml:2:11: The key 'maximum' is unknown here.", result.Texts[1]);
    }

    [Fact]
    public void A_run_that_fails_is_an_error_with_the_reasons_and_an_exit_code()
    {
        ScriptResult result = Run(
            "database",
            """
            $global:LASTEXITCODE = 0
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric rmse 0.6
            $null = Test-MlflowRun -Metric @{ rmse = @{ max = 0.7 } } -ExitOnFailure
            "passed $LASTEXITCODE"
            $null = Test-MlflowRun -Metric @{ rmse = @{ max = 0.5 }; loss = @{ max = 1 } } -ExitOnFailure
            "failed $LASTEXITCODE"
            """);
        Assert.Equal(["passed 0", "failed 1"], result.Texts);
        Assert.StartsWith("GateFailed,", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("breaks 2 rules.", result.Errors[0].ToString());
        Assert.Contains("metric/rmse/max: 0.6 is more than 0.5.", result.Errors[0].ToString());
        Assert.Contains("metric/loss/max: The run has no metric loss.", result.Errors[0].ToString());
    }

    [Theory]
    [InlineData("Test-MlflowRun -RunId 0123456789abcdef0123456789abcdef @rule", "RunNotFound")]
    [InlineData("$run, ([pscustomobject]@{ RunId = '0123456789abcdef0123456789abcdef' }) | Test-MlflowRun @rule", "RunNotFound")]
    [InlineData("Test-MlflowRun -RunId $run.RunId -TrackingUri ftp://127.0.0.1 @rule", "UriUnsupported")]
    [InlineData("Test-MlflowRun missing.yaml -Run $run @rule", "ConfigNotFound")]
    [InlineData("Test-MlflowRun @rule", "NoActiveRun")]
    [InlineData("Get-MlflowRun -Experiment other | Test-MlflowRun @rule", "GateFailed")]
    [InlineData("Get-MlflowRun -Experiment gates -Filter 'metrics.rmse > 9' | Test-MlflowRun @rule", "GateFailed")]
    public void A_gate_that_cannot_test_its_runs_fails_the_process(string command, string error)
    {
        ScriptResult result = Run(
            "database",
            $$"""
            $global:LASTEXITCODE = 0
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric rmse 0.6
            $run = Stop-MlflowRun
            $rule = @{ Metric = @{ rmse = @{ max = 0.7 } }; ExitOnFailure = $true; Quiet = $true }
            try { $null = {{command}} -ErrorAction Stop } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            $LASTEXITCODE
            """);
        Assert.Equal([error, "1"], result.Texts);
    }

    [Fact]
    public void Outcomes_become_tags_and_a_later_test_replaces_them()
    {
        string[] results = Run(
            "database",
            """
            $null = Start-MlflowRun -Experiment gates
            Write-MlflowMetric 'a/rmse' 0.6
            $null = Test-MlflowRun -Metric @{ 'a/rmse' = @{ max = 0.5 } } -TagRun
            (Get-MlflowRun -Experiment gates).Tags['anovos.gate/metric/a/rmse/max']
            $null = Test-MlflowRun -Metric @{ 'a/rmse' = @{ max = 0.6 } } -TagRun
            (Get-MlflowRun -Experiment gates).Tags['anovos.gate/metric/a/rmse/max']
            $null = Test-MlflowRun -Metric @{ 'a/rmse' = @{ min = 0.5 } }
            (Get-MlflowRun -Experiment gates).Tags.Keys -like 'anovos.gate/*'
            """).Clean().Texts;
        Assert.Equal(["Failed: 0.6 is more than 0.5.", "Passed: 0.6 is at most 0.6.", "anovos.gate/metric/a/rmse/max"], results);
    }

    [Fact]
    public void The_file_has_every_run()
    {
        string[] results = Run(
            "database",
            """
            1..2 | ForEach-Object { $null = Start-MlflowRun -Experiment gates; Write-MlflowMetric rmse $_; $null = Stop-MlflowRun }
            Get-MlflowRun -Experiment gates | Test-MlflowRun -Metric @{ rmse = @{ max = 1 } } -JUnitPath ./new/gate.xml -Quiet
            $xml = [xml][IO.File]::ReadAllText("$PWD/new/gate.xml")
            "$($xml.testsuites.tests) $($xml.testsuites.failures) $(@($xml.testsuites.testsuite).Count)"
            """).Clean().Texts;
        Assert.Equal(["False", "True", "2 1 2"], results);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-Metric @{}")]
    [InlineData("-Metric @{ rmse = 0.5 }")]
    [InlineData("-Metric @{ rmse = @{ maximum = 0.5 } }")]
    [InlineData("-Metric @{ rmse = @{ max = 'soon' } }")]
    public void Rules_that_cannot_be_tested_end_the_command_before_any_run(string parameters)
    {
        ScriptResult result = Run(
            "database",
            $$"""
            $null = Start-MlflowRun -Experiment gates
            try { Get-MlflowRun -Experiment gates | Test-MlflowRun {{parameters}} } catch { $_.FullyQualifiedErrorId }
            """);
        Assert.StartsWith("InvalidValue,", Assert.Single(result.Texts));
    }

    public void Dispose() => _session.Dispose();

    private ScriptResult Run(string where, string script) => _session.Run(
        $"$null = Connect-Mlflow $Store\n{script}", ("Store", _session.StoreUri(where, new Uri("http://localhost"))));
}
