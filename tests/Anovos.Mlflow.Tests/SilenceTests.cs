using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests names in a script that match nothing: an exact name gives an error or a warning, as in PowerShell; a wildcard gives nothing.
/// </summary>
public sealed class SilenceTests : IDisposable
{
    private readonly ScriptSession _session = new();
    private string? _runOfKnown;

    [Theory]
    [InlineData("Get-MlflowRun -Experiment Typo")]
    [InlineData("Get-MlflowRun -Experiment Known, Typo", "run of Known")]
    [InlineData("Get-MlflowRun -Experiment Typo, Kno*", "run of Known")]
    [InlineData("Get-MlflowRun -Experiment known")]
    [InlineData("Get-MlflowExperiment Typo")]
    [InlineData("(Get-MlflowExperiment Typo, Known).Name", "Known")]
    [InlineData("Set-MlflowExperiment Typo, Known -Tag @{ a = 1 } -PassThru", "Known")]
    [InlineData("Remove-MlflowExperiment Typo -Confirm:$false")]
    [InlineData("Restore-MlflowExperiment Typo")]
    [InlineData("Sync-MlflowRun -Path store -Experiment Typo -TrackingUri target")]
    [InlineData("(Sync-MlflowRun -Path store -Experiment Typo, Known -TrackingUri target).Experiment", "Known")]
    public void A_name_that_no_experiment_has_is_an_error_and_stops_no_other(string command, params string[] output)
    {
        ScriptResult result = Folder(command);
        Assert.Equal("ExperimentNotFound", Assert.Single(Ids(result)));
        Assert.Equal(output, result.Texts.Select(text => text == _runOfKnown ? "run of Known" : text));
    }

    [Theory]
    [InlineData("Get-MlflowRun -Experiment Typo*")]
    [InlineData("Get-MlflowExperiment Typo*, ?")]
    [InlineData("Set-MlflowExperiment Typo* -Tag @{ a = 1 }")]
    [InlineData("Remove-MlflowExperiment Typo* -Confirm:$false")]
    [InlineData("Restore-MlflowExperiment *")]
    [InlineData("Sync-MlflowRun -Path store -Experiment Typo* -TrackingUri target")]
    [InlineData("Get-MlflowRun | Get-MlflowMetric x*")]
    public void Wildcards_that_match_nothing_are_not_an_error(string command)
    {
        ScriptResult result = Folder(command).Clean();
        Assert.Empty(result.Output);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_removed_experiment_is_named_as_the_reason()
    {
        ScriptResult result = Folder("Remove-MlflowExperiment Known -Confirm:$false; Get-MlflowRun -Experiment Known");
        Assert.Equal("ExperimentDeleted", Assert.Single(Ids(result)));
    }

    [Fact]
    public void An_empty_name_is_not_taken_for_none()
    {
        ScriptResult result = _session.Run(
            """
            $commands = { Get-MlflowRun -Experiment $nothing }, { Get-MlflowRun -Experiment '' }, { Get-MlflowExperiment $nothing },
                { Sync-MlflowRun -Experiment $nothing }, { Get-MlflowLoggedModel -Experiment $nothing }
            foreach ($command in $commands) {
                try { & $command } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            }
            """);
        Assert.Equal(Enumerable.Repeat("ParameterArgumentValidationError", 5), result.Texts);
    }

    [Theory]
    [InlineData("Get-MlflowRun -Name X", "X")]
    [InlineData("Get-MlflowRun -Name 'X`?'", "X`?")]
    [InlineData("Get-MlflowRun -Name night -Experiment one", "night")]
    [InlineData("Get-MlflowRun -Name X -Status Failed -First 1", "X")]
    [InlineData("Get-MlflowExperiment | Get-MlflowRun -Name X", "X")]
    [InlineData("Get-MlflowRun -Name day", null)]
    [InlineData("Get-MlflowRun -Name day -Status Failed", null)]
    [InlineData("Get-MlflowRun -Name day -Filter 'metrics.loss < 1'", null)]
    [InlineData("Get-MlflowExperiment | Get-MlflowRun -Name day", null)]
    [InlineData("Get-MlflowRun -Name X*", null)]
    [InlineData("Get-MlflowRun -Name ?", null)]
    [InlineData("Get-MlflowRun -Status Failed", null)]
    public void A_run_name_that_no_run_has_is_an_error(string command, string? missing)
    {
        _session.Run(
            """
            $null = Start-MlflowRun -Experiment one -Name day; $null = Stop-MlflowRun
            $null = Start-MlflowRun -Experiment two -Name night; $null = Stop-MlflowRun
            """).Clean();
        ScriptResult result = _session.Run(command);
        Assert.Equal(missing is null ? [] : ["RunNotFound"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.All(result.Errors, error => Assert.Contains($"is named '{missing}'", error.ToString()));
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_run_name_is_missing_from_a_store_without_experiments_too()
    {
        Directory.CreateDirectory(Path.Combine(_session.Folder, "empty"));
        Assert.Single(_session.Run("Get-MlflowRun -Name X -TrackingUri ./empty").Errors);
        Assert.Empty(_session.Run("Get-MlflowRun -Name X* -TrackingUri ./empty").Errors);
    }

    [Theory]
    [InlineData("Get-MlflowRun -TrackingUri ./typo")]
    [InlineData("Get-MlflowExperiment -TrackingUri ./typo")]
    [InlineData("Get-MlflowExperiment a*, b* -TrackingUri ./typo")]
    [InlineData("Remove-MlflowExperiment a* -TrackingUri ./typo -Confirm:$false")]
    [InlineData("Connect-Mlflow ./typo | Out-Null; Get-MlflowRun -Name x")]
    public void A_folder_that_does_not_exist_is_a_warning_for_those_who_read(string command)
    {
        ScriptResult result = _session.Run(command).Clean();
        Assert.Empty(result.Output);
        Assert.StartsWith("The folder file:///", Assert.Single(result.Warnings));
    }

    [Theory]
    [InlineData("Get-MlflowRun")]
    [InlineData("Get-MlflowRun -TrackingUri sqlite:///typo.db")]
    [InlineData("Get-MlflowExperiment a*, b*")]
    [InlineData("Remove-MlflowExperiment a* -Confirm:$false")]
    [InlineData("Connect-Mlflow sqlite:///typo.db | Out-Null; Get-MlflowRun -Name x")]
    public void A_database_that_does_not_exist_is_a_warning_for_those_who_read(string command)
    {
        ScriptResult result = _session.Run(command).Clean();
        Assert.Empty(result.Output);
        Assert.StartsWith("The database sqlite:///", Assert.Single(result.Warnings));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_session.Folder));
    }

    [Fact]
    public void A_database_that_does_not_exist_is_usable_and_said_to_be_missing()
    {
        ScriptResult result = _session.Run(
            """
            $report = Test-MlflowConnection
            "$($report.Usable) $($report.Problem) $($report.ServesArtifacts)"; $report.Message
            [System.IO.File]::Exists("$PWD/mlflow.db")
            $null = New-MlflowExperiment x
            $null -eq (Test-MlflowConnection).Message
            """).Clean();
        string database = "sqlite:///" + Path.Combine(_session.Folder, "mlflow.db").Replace('\\', '/');
        Assert.Equal(
            [
                "True  True",
                $"There is no database {database} yet, so it has no experiments and no runs. The first run or experiment creates it.",
                "False", "True",
            ],
            result.Texts);
    }

    [Fact]
    public void A_folder_that_does_not_exist_is_usable_and_said_to_be_missing()
    {
        ScriptResult result = _session.Run(
            """
            $report = Test-MlflowConnection ./typo
            "$($report.Usable) $($report.Problem) $($report.ServesArtifacts)"; $report.Message
            Test-MlflowConnection ./typo -Quiet
            [System.IO.Directory]::Exists("$PWD/typo")
            $null = New-MlflowExperiment x -TrackingUri ./typo
            $null -eq (Test-MlflowConnection ./typo).Message
            """).Clean();
        string folder = new Uri(Path.Combine(_session.Folder, "typo")).AbsoluteUri;
        Assert.Equal(
            [
                "True  True",
                $"There is no folder {folder} yet, so it has no experiments and no runs. The first run or experiment creates it.",
                "True", "False", "True",
            ],
            result.Texts);
    }

    [Fact]
    public void A_folder_that_is_about_to_be_made_is_no_news()
    {
        const string Script = "$null = Start-MlflowRun -Experiment new; $null = Stop-MlflowRun; (Get-MlflowRun).Experiment";
        ScriptResult result = _session.Run(Script).Clean();
        Assert.Equal(["new"], result.Texts);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_metric_that_no_run_of_a_report_has_is_a_warning()
    {
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun
            Write-MlflowMetric loss 1
            (Export-MlflowReport one.html -MetricName loss, Loss, accuracy, a*).Name
            """).Clean();
        Assert.Equal(["one.html"], result.Texts);
        Assert.Equal(["Loss", "accuracy"], result.Warnings.Select(warning => warning.Split('\'')[1]));
    }

    [Fact]
    public async Task A_missing_alias_or_tag_is_said()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $null = New-MlflowModelVersion income -Source s3://bucket/x -Alias old
            $null = New-MlflowRegisteredModel churn -Tag @{ team = 'ops' }
            Remove-MlflowModelAlias income typo, old -Confirm:$false
            (Get-MlflowRegisteredModel income).Aliases.Count
            Set-MlflowModelAlias income old 1
            Get-MlflowRegisteredModel | Remove-MlflowModelAlias -Alias old -Confirm:$false
            Get-MlflowModelVersion income -Alias typo
            Get-MlflowModelVersion -ModelUri models:/income@typo
            Set-MlflowRegisteredModel churn -RemoveTag Team, team
            Set-MlflowModelVersion income 1 -RemoveTag none
            (Get-MlflowRegisteredModel churn).Tags.Count
            Remove-MlflowModelAlias nobody old -Confirm:$false
            Get-MlflowLoggedModel -Experiment Typo
            """,
            ("Uri", server.Uri.ToString()));
        Assert.Equal(["0", "0"], result.Texts);
        Assert.Equal(
            ["ModelVersionNotFound", "ModelVersionNotFound", "ModelVersionNotFound", "ModelNotFound", "ExperimentNotFound"], Ids(result));
        Assert.Equal(
            [
                "The registered model 'churn' has no alias 'old'. Get-MlflowRegisteredModel lists its aliases.",
                "The registered model 'churn' does not have the tag 'Team'.",
                "Version 1 of 'income' does not have the tag 'none'.",
            ],
            result.Warnings);
    }

    public void Dispose() => _session.Dispose();

    private ScriptResult Folder(string command)
    {
        const string Script = "Connect-Mlflow store | Out-Null; $null = Start-MlflowRun -Experiment Known; (Stop-MlflowRun).ToString()";
        _runOfKnown = _session.Run(Script).Clean().Texts.Single();
        return _session.Run(command);
    }

    private static IEnumerable<string> Ids(ScriptResult result) => result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]);
}
