using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests runs as flat rows: <c>Get-MlflowRun -AsTable</c>. The tests of these rows with PowerShell's own commands are in tests/pester.
/// </summary>
public sealed class RunTableTests : IDisposable
{
    private const string TwoRuns =
        """
        Connect-Mlflow $Uri | Out-Null
        $null = Use-MlflowRun -Experiment Table -Name one {
            Write-MlflowMetric @{ rmse = 0.5; nan = [double]::NaN; 'loss/train 1.5' = 2 }
            Write-MlflowParameter @{ lr = 0.1; empty = '' }
        }
        $null = Start-MlflowRun -Experiment Table -Name two
        Write-MlflowMetric rmse 0.25
        Set-MlflowTag team ops
        """;

    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task Rows_have_the_columns_of_MLflow_all_of_them_in_every_row(string where)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            TwoRuns + "\nGet-MlflowRun -Experiment Table -OrderBy 'attributes.start_time ASC' -AsTable",
            ("Uri", _session.StoreUri(where, server.Uri))).Clean();

        (PSObject one, PSObject two) = (result.Output[0], result.Output[1]);
        string[] names = [.. one.Properties.Select(property => property.Name)];
        Assert.Equal(["run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time"], names[..6]);
        Assert.Equal(["metrics.loss/train 1.5", "metrics.nan", "metrics.rmse", "params.empty", "params.lr"], names[6..11]);
        Assert.All(names[11..], name => Assert.StartsWith("tags.", name));
        Assert.Contains("tags.team", names);
        Assert.Equal(names, two.Properties.Select(property => property.Name));
        string[] some = ["status", .. names[6..11], "tags.team", "tags.mlflow.runName"];
        Assert.Equal(["FINISHED", 2.0, double.NaN, 0.5, "", "0.1", null, "one"], Values(one, some));
        Assert.Equal(["RUNNING", null, null, 0.25, null, null, "ops", "two"], Values(two, some));
        Assert.Null(two.Properties["end_time"].Value);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void Times_are_in_UTC_and_their_text_has_milliseconds_in_every_culture()
    {
        ScriptResult result = _session.Run(
            TwoRuns
            + """

            [cultureinfo]::CurrentCulture = 'de-DE'
            $run = Get-MlflowRun -Experiment Table -Name one
            $row = $run | Get-MlflowRun -AsTable
            $row.start_time -is [datetime]
            $row.start_time -eq $run.StartTime.UtcDateTime
            "$($row.start_time.Kind)"
            $row.start_time.ToString() -eq $run.StartTime.UtcDateTime.ToString('yyyy-MM-dd HH:mm:ss.fff') + 'Z'
            $row.start_time.ToString('dd.MM.yy') -eq $run.StartTime.UtcDateTime.ToString('dd.MM.yy')
            $row.end_time - $row.start_time -eq $run.Duration
            """,
            ("Uri", "sqlite:///store.db")).Clean();
        Assert.Equal(["True", "True", "Utc", "True", "True", "True"], result.Texts);
    }

    [Fact]
    public void Runs_come_by_id_and_from_the_pipeline_too()
    {
        ScriptResult result = _session.Run(
            TwoRuns
            + """

            $null = Use-MlflowRun -Experiment Other { Write-MlflowMetric other 1 }
            $ids = (Get-MlflowRun -Experiment Table).RunId
            "$((Get-MlflowRun -RunId $ids -AsTable).run_id)" -eq "$ids"
            (Get-MlflowRun -RunId $ids[0], 'none', $ids[1] -AsTable).Count
            $rows = Get-MlflowExperiment Other, Table | Get-MlflowRun -AsTable
            $rows | ForEach-Object { $null -ne $_.psobject.Properties['metrics.other'] }
            Get-MlflowExperiment Default | Get-MlflowRun -AsTable
            """,
            ("Uri", "sqlite:///store.db"));
        Assert.Equal(["True", "2", "True", "True", "True"], result.Texts);
        Assert.StartsWith("RunNotFound", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void Names_that_differ_only_in_case_are_columns_of_their_own_and_a_warning()
    {
        ScriptResult result = _session.Run(
            """
            $null = Use-MlflowRun -TrackingUri sqlite:///store.db -Experiment Table {
                Write-MlflowMetric acc 1
                Write-MlflowMetric Acc 2
            }
            $row = Get-MlflowRun -TrackingUri sqlite:///store.db -AsTable
            $row.'metrics.Acc'
            $row.'metrics.acc_2'
            """).Clean();
        Assert.Equal(["2", "1"], result.Texts);
        Assert.Contains("'metrics.acc' is 'metrics.acc_2'", Assert.Single(result.Warnings));
    }

    [Fact]
    public void The_view_shows_the_time_of_today_the_day_and_the_year()
    {
        ScriptResult result = _session.Run(
            """
            $now = [DateTimeOffset]::Now
            $now, $now.AddDays(-40), $now.AddYears(-2), $now.AddYears(2) | ForEach-Object {
                [Anovos.Mlflow.PowerShell.Abstractions.ReadableTime]::Moment($_)
            }
            $now.AddDays(-40).ToString('MM-dd')
            $now.AddYears(-2).ToString('yyyy')
            """).Clean();
        Assert.Matches(@"^\d\d:\d\d$", result.Texts[0]);
        Assert.Equal([result.Texts[4], result.Texts[5]], result.Texts[1..3]);
        Assert.Matches(@"^\d{4}$", result.Texts[3]);
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    public void Rows_are_those_of_mlflow_search_runs(string where)
    {
        string uri = ReadBack.TrackingUri(where);
        ScriptResult result = _session.Run(
            TwoRuns + "\nGet-MlflowRun -Experiment Table -OrderBy 'attributes.start_time ASC' -AsTable", ("Uri", uri)).Clean();

        JsonElement frame = ReadBack.SearchRuns(uri, "Table", _session.Folder);

        Assert.Equal(frame.GetArrayLength(), result.Output.Count);
        foreach ((JsonElement theirs, PSObject ours) in frame.EnumerateArray().Zip(result.Output))
        {
            string[] names = [.. theirs.EnumerateObject().Select(column => column.Name)];
            Assert.Equal(names[..6], ours.Properties.Select(property => property.Name).Take(6));
            Assert.Equal(names.Order(StringComparer.Ordinal), ours.Properties.Select(property => property.Name).Order(StringComparer.Ordinal));
            Assert.All(names, name => Assert.Equal(Theirs(theirs.GetProperty(name)), Ours(ours.Properties[name].Value)));
        }

        static object Theirs(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : value.ToString();

        static object Ours(object? value) => value is double.NaN ? "" : value is double ? value : $"{value}";
    }

    public void Dispose() => _session.Dispose();

    private static object?[] Values(PSObject row, params string[] names) => [.. names.Select(name => row.Properties[name].Value)];
}
