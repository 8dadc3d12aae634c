using System.Management.Automation;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the kinds of times that scripts use, for every parameter that is a time.</summary>
public sealed class TimeTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("1700000000")]
    [InlineData("1700000000.0")]
    [InlineData("1700000000000")]
    [InlineData("[double]1700000000000")]
    [InlineData("[decimal]1700000000")]
    [InlineData("[bigint]1700000000000")]
    [InlineData("'1700000000'")]
    [InlineData("' 1700000000000 '")]
    [InlineData("'2023-11-14T22:13:20Z'")]
    [InlineData("([datetime]'2023-11-14T22:13:20Z')")]
    [InlineData("([datetime]'2023-11-14T22:13:20Z').ToUniversalTime()")]
    [InlineData("([datetimeoffset]'2023-11-14T22:13:20Z')")]
    [InlineData("([datetimeoffset]'2023-11-15T03:13:20+05:00')")]
    public void A_time_is_the_same_as_number_text_and_date(string time)
    {
        ScriptResult result = _session.Run(
            $$"""
            Connect-Mlflow store | Out-Null
            $null = Start-MlflowRun
            $time = {{time}}
            Write-MlflowMetric pair 1 -Timestamp $time
            Write-MlflowMetric @{ table = 1 } -Timestamp $time
            @{ piped = 1 } | Write-MlflowMetric -Timestamp $time
            [pscustomobject]@{ Name = 'object'; Value = 1; Timestamp = $time } | Write-MlflowMetric
            $text = if ($time -is [datetime] -or $time -is [datetimeoffset]) { $time.ToString('o') } else { "$time" }
            [pscustomobject]@{ Name = 'csv'; Value = '1'; Timestamp = $text } | Write-MlflowMetric
            Get-MlflowMetric | ForEach-Object { "$($_.Name) $($_.Timestamp.ToUniversalTime().ToString('s'))" }
            """);
        result.Clean();
        Assert.Equal(
            new[] { "csv", "object", "pair", "piped", "table" }.Select(name => $"{name} 2023-11-14T22:13:20"),
            result.Texts.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Points_of_another_run_keep_their_times()
    {
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow store | Out-Null
            $from = Start-MlflowRun
            Write-MlflowMetric m 1 -Timestamp 1700000000123
            Stop-MlflowRun | Out-Null
            $to = Start-MlflowRun
            Get-MlflowMetric -RunId $from.RunId | ForEach-Object { [pscustomobject]@{ Name = $_.Name; Value = $_.Value; Timestamp = $_.Timestamp } } | Write-MlflowMetric
            ([datetimeoffset](Get-MlflowMetric m).Timestamp).ToUnixTimeMilliseconds()
            """);
        result.Clean();
        Assert.Equal(["1700000000123"], result.Texts);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("'-1'")]
    [InlineData("99999999999")]
    [InlineData("638000000000000000")]
    [InlineData("'1700000000000000'")]
    [InlineData("[datetime]::MinValue")]
    [InlineData("[datetime]::MaxValue")]
    [InlineData("[datetimeoffset]::MaxValue")]
    [InlineData("'0001-01-01'")]
    [InlineData("'1969-06-01'")]
    [InlineData("'2301-01-01'")]
    [InlineData("[double]::NaN")]
    public void A_time_outside_of_1970_to_2200_is_refused(string time)
    {
        _session.Run("Connect-Mlflow store | Out-Null; $null = Start-MlflowRun").Clean();
        foreach (string command in new[] { "Write-MlflowMetric m 1 -Timestamp", "Get-MlflowRun -Since" })
        {
            ScriptResult refused = _session.Run($"try {{ {command} ({time}) }} catch {{ \"$_\" }}");
            Assert.Contains("between the years 1970 and 2200", Assert.Single(refused.Texts));
        }

        ScriptResult piped = _session.Run(
            $$"""
            [pscustomobject]@{ Name = 'bad'; Value = 1; Timestamp = {{time}} }, [pscustomobject]@{ Name = 'good'; Value = 1; Timestamp = 1700000000 } |
                Write-MlflowMetric
            (Get-MlflowMetric).Name
            """);
        Assert.Contains("between the years 1970 and 2200", Assert.Single(piped.Errors).ToString());
        Assert.Equal(["good"], piped.Texts);
    }

    [Fact]
    public void What_is_not_a_time_is_refused_and_no_time_is_now()
    {
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow store | Out-Null
            $null = Start-MlflowRun
            foreach ($time in 'yesterday', $true, $ExecutionContext) { try { Write-MlflowMetric m 1 -Timestamp $time; 'taken' } catch { 'refused' } }
            Write-MlflowMetric m 1 -Timestamp $null
            (Get-MlflowMetric m).Timestamp -gt [datetime]::Now.AddMinutes(-5)
            """);
        Assert.Equal(["refused", "refused", "refused", "True"], result.Texts);
    }

    [Theory]
    [InlineData("($start)", 1)]
    [InlineData("($start + 5)", 0)]
    [InlineData("([string]$start)", 1)]
    [InlineData("([string]($start + 5))", 0)]
    [InlineData("($start * 1000)", 1)]
    [InlineData("(($start + 5) * 1000)", 0)]
    [InlineData("$run.StartTime", 1)]
    [InlineData("$run.StartTime.AddSeconds(5)", 0)]
    [InlineData("([datetime]::Now.AddHours(-1))", 1)]
    public void Runs_are_found_since_a_time_in_any_form(string since, int expected)
    {
        ScriptResult result = _session.Run(
            $$"""
            Connect-Mlflow store | Out-Null
            $run = Start-MlflowRun
            Stop-MlflowRun | Out-Null
            $start = $run.StartTime.ToUnixTimeSeconds()
            @(Get-MlflowRun -Since {{since}}).Count
            @(Get-MlflowExperiment Default | Get-MlflowRun -Since {{since}}).Count
            """);
        result.Clean();
        Assert.Equal([$"{expected}", $"{expected}"], result.Texts);
    }

    [Fact]
    public void Every_parameter_that_is_a_time_reads_it_in_the_same_way()
    {
        ScriptResult result = _session.Run(
            """
            Get-Command -Module Anovos.Mlflow | ForEach-Object { $command = $_; $_.Parameters.Values |
                Where-Object { $_.ParameterType -in [datetime], [Nullable[datetime]], [datetimeoffset], [Nullable[datetimeoffset]] } |
                ForEach-Object { "$($command.Name) $($_.Name) $($_.Attributes.TypeId.Name -contains 'TimeAttribute')" } }
            """);
        Assert.Equal(["Get-MlflowRun Since True", "Write-MlflowMetric Timestamp True"], result.Texts.Order(StringComparer.Ordinal));
    }

    public void Dispose() => _session.Dispose();
}
