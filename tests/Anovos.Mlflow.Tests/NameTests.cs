using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests names with wildcard characters in every command that takes names.</summary>
public sealed class NameTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task A_name_means_the_experiment_of_that_name(string where)
    {
        await using TrackingServer server = await Connect(where);
        ScriptResult result = _session.Run(
            """
            function Names { $list = [string[]]@($input | ForEach-Object Name); [array]::Sort($list, [StringComparer]::Ordinal); $list -join '|' }
            $null = New-MlflowExperiment 'Fold [1]', 'Fold 1', 'Fold *', '[dev ada] churn', 'a`[b', 'a[b'
            Remove-MlflowExperiment 'Fold [1]' -Confirm:$false
            Get-MlflowExperiment | Names
            Restore-MlflowExperiment 'Fold `[1`]'
            Set-MlflowExperiment 'Fold *' -Tag @{ only = 'this' }
            Get-MlflowExperiment | Where-Object { $_.Tags.only } | Names
            Set-MlflowExperiment 'Fold [*' -Tag @{ bracket = 'yes' }
            Get-MlflowExperiment | Where-Object { $_.Tags.bracket } | Names
            Get-MlflowExperiment 'Fold ?' | Names
            Get-MlflowExperiment 'Fold `*' | Names
            Get-MlflowExperiment 'fold*' | Names
            Get-MlflowExperiment 'a`[b' | Names
            Get-MlflowExperiment 'a``[b' | Names
            Get-MlflowExperiment ([WildcardPattern]::Escape('[dev ada] churn')) | Names
            Get-MlflowExperiment 'Fold [1]' | Remove-MlflowExperiment -Confirm:$false
            Get-MlflowExperiment 'Fold *' | Get-MlflowExperiment | Names
            Get-MlflowExperiment Fold?[* | Names
            '[', 'fold 1', 'Fold [12]' | Get-MlflowExperiment
            Remove-MlflowExperiment '[' -Confirm:$false
            """);
        Assert.Equal(
            [
                "Default|Fold *|Fold 1|[dev ada] churn|a[b|a`[b", "Fold *", "Fold [1]", "Fold *|Fold 1", "Fold *", "", "a`[b", "a`[b",
                "[dev ada] churn", "Fold *", "",
            ],
            result.Texts);
        Assert.Equal(Enumerable.Repeat("ExperimentNotFound", 4), Ids(result));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task Runs_of_an_experiment_with_brackets_are_found(string where)
    {
        await using TrackingServer server = await Connect(where);
        ScriptResult result = _session.Run(
            """
            foreach ($name in '[dev ada] churn', 'd churn', '*') { Use-MlflowRun -Experiment $name -Name "of $name" { } | Out-Null }
            (Get-MlflowRun -Experiment '[dev ada] churn').RunName
            (Get-MlflowRun -Experiment '`[dev ada`] churn').RunName
            (Get-MlflowRun -Experiment '[dev*').RunName
            (Get-MlflowRun -Experiment '*').RunName
            @(Get-MlflowRun).Count
            (Get-MlflowExperiment '[dev ada] churn' | Get-MlflowRun).RunName
            (Get-MlflowRun -Name 'of [dev ada] churn').RunName
            (Get-MlflowRun -Name 'of `[dev*').RunName
            (Get-MlflowRun -Name 'of *').RunName
            (Get-MlflowRun -Name 'of ?').RunName
            (Get-MlflowRun -Experiment (Get-MlflowExperiment '*')).RunName
            """).Clean();
        string bundle = "of [dev ada] churn";
        Assert.Equal([bundle, bundle, bundle, "of *", "3", bundle, bundle, bundle, "of *", "of *", "of *"], result.Texts);
    }

    [Fact]
    public async Task A_name_means_the_registered_model_of_that_name()
    {
        await using TrackingServer server = await Connect("server");
        ScriptResult result = _session.Run(
            """
            function Names { $list = [string[]]@($input | ForEach-Object Name); [array]::Sort($list, [StringComparer]::Ordinal); $list -join '|' }
            $null = New-MlflowRegisteredModel 'w [1]', 'w 1', 'w *', 'W [1]', 'w ?'
            Get-MlflowRegisteredModel 'w [1]' | Remove-MlflowRegisteredModel -Confirm:$false
            Get-MlflowRegisteredModel | Names
            $null = New-MlflowRegisteredModel 'w [1]'
            Get-MlflowRegisteredModel 'w `[1`]' | Names
            Get-MlflowRegisteredModel 'w *' | Names
            Get-MlflowRegisteredModel 'w [*' | Names
            Get-MlflowRegisteredModel 'w*' | Names
            $null = New-MlflowModelVersion 'w [1]' -Source s3://bucket/x -Alias champion
            Get-MlflowRegisteredModel 'w [*' | Get-MlflowModelVersion | Names
            Get-MlflowModelVersion 'w `[1`]' | Names
            Get-MlflowModelVersion 'w `[1`]' -Alias champion | Names
            Set-MlflowModelAlias 'w `[1`]' blue 1
            (Set-MlflowRegisteredModel 'w `[1`]' -Description set -PassThru).Description
            Remove-MlflowModelVersion 'w `[1`]' 1 -Confirm:$false
            $gone = Get-MlflowRegisteredModel 'w [1]'
            Remove-MlflowRegisteredModel 'w `[1`]' -Confirm:$false
            Remove-MlflowRegisteredModel 'w `*' -Confirm:$false
            Get-MlflowRegisteredModel | Names
            $gone | Remove-MlflowRegisteredModel -Confirm:$false
            Get-MlflowRegisteredModel 'w 1 '
            Get-MlflowRegisteredModel '['
            """);
        Assert.Equal(
            ["W [1]|w *|w 1|w ?", "w [1]", "w *", "w [1]", "w *|w 1|w ?|w [1]", "w [1]", "w [1]", "w [1]", "set", "W [1]|w 1|w ?"],
            result.Texts);
        Assert.Equal(["ModelNotFound", "ModelNotFound", "ModelNotFound"], Ids(result));
    }

    [Fact]
    public async Task A_model_from_the_pipeline_is_found_by_its_own_name_only()
    {
        await using TrackingServer server = await Connect("server");
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowRegisteredModel 'w *', 'w `*', 'w 1', 'plain'
            $version = New-MlflowModelVersion 'w *' -Source s3://bucket/x
            $star = Get-MlflowRegisteredModel 'w ?' | Where-Object Name -eq 'w *'; $tick = Get-MlflowRegisteredModel 'w `*'
            ($star | Get-MlflowRegisteredModel).Name
            ($tick | Get-MlflowRegisteredModel).Name
            ($version | Get-MlflowRegisteredModel).Name
            (Get-MlflowRegisteredModel -InputObject $star).Name
            ([pscustomobject]@{ Name = 'plain' } | Get-MlflowRegisteredModel).Name
            ('pla*', 'w 1' | Get-MlflowRegisteredModel).Name -join ','
            $star, $tick | Remove-MlflowRegisteredModel -Confirm:$false
            $null = New-MlflowRegisteredModel 'w 2'
            'objects of what is gone'
            $star, $tick, $version, [pscustomobject]@{ Name = 'p*' } | Get-MlflowRegisteredModel
            $star, $tick | Get-MlflowModelVersion
            $star, $tick | Set-MlflowRegisteredModel -Description x
            $star, $tick | Remove-MlflowRegisteredModel -Confirm:$false
            $version | Remove-MlflowModelVersion -Confirm:$false
            $version | Set-MlflowModelVersion -Description x
            $version | Set-MlflowModelAlias -Alias a
            (Get-MlflowRegisteredModel).Name -join ','
            """);
        Assert.Equal(
            ["w *", "w `*", "w *", "w *", "plain", "plain,w 1", "objects of what is gone", "plain,w 1,w 2"], result.Texts);
        Assert.Equal(13, result.Errors.Length);
        Assert.All(Ids(result), id => Assert.Contains(id, new[] { "ModelNotFound", "ModelVersionNotFound" }));
    }

    [Fact]
    public async Task An_experiment_or_run_from_the_pipeline_is_found_by_its_id()
    {
        await using TrackingServer server = await Connect("server");
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowExperiment '*', 'a?', 'ab'
            $star, $a = Get-MlflowExperiment '*', 'a?'
            $run = Start-MlflowRun -Experiment '*' -Name '*'; $null = Stop-MlflowRun
            $null = Start-MlflowRun -Experiment 'ab' -Name '*'; $null = Stop-MlflowRun
            ($star | Get-MlflowRun).RunId -eq $run.RunId
            ($star | Get-MlflowExperiment).Name
            ($run | Get-MlflowExperiment).Name
            $run | Remove-MlflowRun -Confirm:$false
            $star, $a | Remove-MlflowExperiment -Confirm:$false
            (Get-MlflowExperiment 'a*').Name
            ($star, $a | Get-MlflowExperiment).LifecycleStage -join ','
            $star, $a | Remove-MlflowExperiment -Confirm:$false
            (Get-MlflowRun -Experiment 'a*').RunName
            """);
        Assert.Equal(["True", "*", "*", "ab", "Deleted,Deleted", "*"], result.Texts);
        Assert.Equal(["ExperimentDeleted", "ExperimentDeleted"], Ids(result));
    }

    [Theory]
    [InlineData("Remove-MlflowExperiment Fold", "'Fold 1'", "'Fold `[1`]'")]
    [InlineData("Remove-MlflowExperiment 'fold [", "'Fold `[1`]'")]
    [InlineData("Get-MlflowRun -Experiment 'fold `[", "'Fold `[1`]'")]
    [InlineData("Get-MlflowRegisteredModel w", "'w ``x'", "'w `*'")]
    [InlineData("Remove-MlflowRegisteredModel w", "'w `x'", "'w *'")]
    [InlineData("Start-MlflowRun -Experiment fold", "'Fold 1'", "'Fold [1]'")]
    [InlineData("Get-MlflowExperiment it''", "'it''s'")]
    [InlineData("Get-MlflowExperiment 'it''s", "'it''s'")]
    public async Task Completion_inserts_what_means_exactly_the_name(string line, params string[] expected)
    {
        await using TrackingServer server = await Connect("server");
        ScriptResult result = _session.Run(
            """
            $null = New-MlflowExperiment 'Fold [1]', 'Fold 1', "it's"
            $null = New-MlflowRegisteredModel 'w *', 'w `x'
            [System.Management.Automation.CommandCompletion]::CompleteInput($Line, $Line.Length, $null).CompletionMatches.CompletionText
            """,
            ("Line", line)).Clean();
        Assert.Equal(expected.Order(StringComparer.Ordinal), result.Texts.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_name_means_the_metric_of_that_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a folder there cannot hold both 'loss' and 'Loss'");
        // MLflow no longer accepts such a key, but older stores contain them.
        const string Script = "$null = Start-MlflowRun; Write-MlflowMetric loss 1; Write-MlflowMetric Loss 2; Stop-MlflowRun";
        dynamic run = _session.Run($"$null = Connect-Mlflow ./mlruns; {Script}").Clean().Single;
        string folder = Path.Combine("mlruns", run.ExperimentId, run.RunId, "metrics");
        _session.Write(Path.Combine(folder, "acc [1]"), "1700000000000 3 0\n");
        _session.Write(Path.Combine(folder, "acc 1"), "1700000000000 4 0\n");
        ScriptResult result = _session.Run(
            """
            $run = Get-MlflowRun
            $env:MLFLOW_RUN_ID = $run.RunId
            ($run | Get-MlflowMetric loss).Value
            ($run | Get-MlflowMetric 'l*').Value
            ($run | Get-MlflowMetric 'acc [1]').Value
            ($run | Get-MlflowMetric 'acc `[1`]').Value
            ($run | Get-MlflowMetric 'acc [*', '*').Value -join ','
            [System.Management.Automation.CommandCompletion]::CompleteInput('Get-MlflowMetric "acc [', 23, $null).CompletionMatches.CompletionText
            $env:MLFLOW_RUN_ID = $null
            $run | Get-MlflowMetric LOSS
            $run | Get-MlflowMetric '['
            """);
        Assert.Equal(["1", "1", "3", "3", "3,2,4,1", "'acc `[1`]'"], result.Texts);
        Assert.Equal(["MetricNotFound", "MetricNotFound"], Ids(result));
    }

    public void Dispose() => _session.Dispose();

    private async Task<TrackingServer> Connect(string where)
    {
        TrackingServer server = await TrackingServer.StartAsync();
        string uri = _session.StoreUri(where, server.Uri);
        _session.Run("Connect-Mlflow $Uri | Out-Null", ("Uri", uri)).Clean();
        return server;
    }

    private static IEnumerable<string> Ids(ScriptResult result) => result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]);
}
