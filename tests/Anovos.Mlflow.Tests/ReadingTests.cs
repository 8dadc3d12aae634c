using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests reading and cleaning up as a script does it, in a folder and on a server that counts its requests.</summary>
public sealed class ReadingTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task Experiments_are_renamed_tagged_removed_and_restored(string where)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            """
            function Sorted { $list = @($input); [array]::Sort($list); $list -join ',' }
            $null = New-MlflowExperiment one, two, other -TrackingUri $Uri
            Connect-Mlflow $Uri | Out-Null
            $set = Set-MlflowExperiment one -NewName 'größe 1' -Tag @{ team = 'ops' } -PassThru
            "$($set.Name) $($set.Tags['team'])"
            Remove-MlflowExperiment t* -Confirm:$false
            Get-MlflowExperiment 'größe 1' | Remove-MlflowExperiment -Confirm:$false
            (Get-MlflowExperiment).Name | Sorted
            Restore-MlflowExperiment two
            (Get-MlflowExperiment 'größe 1' -IncludeDeleted | Restore-MlflowExperiment -PassThru).LifecycleStage
            (Get-MlflowExperiment).Name | Sorted
            Restore-MlflowExperiment two
            Remove-MlflowExperiment none -Confirm:$false
            Set-MlflowExperiment other -NewName two
            Set-MlflowExperiment other
            """,
            ("Uri", _session.StoreUri(where, server.Uri)));
        Assert.Equal(["größe 1 ops", "Default,other", "Active", "Default,größe 1,other,two"], result.Texts);
        Assert.Equal(["NotDeleted", "ExperimentNotFound", "ExperimentExists", "InvalidValue"], Ids(result));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task Runs_are_asked_for_compared_removed_and_restored(string where)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $runs = foreach ($i in 1..3) {
                Use-MlflowRun -Name "night-$i" -Tag @{ team = "o$i" } { Write-MlflowParameter lr $i; Write-MlflowParameter same x; 1..3 | ForEach-Object { [pscustomobject]@{ Name = 'loss/a'; Value = $_ * $i; Step = $_ } } | Write-MlflowMetric } | Out-Null
                Get-MlflowRun -First 1
            }
            $id = $runs[0].RunId
            "asked $(@(Get-MlflowRun -Name night-* -Status Finished, Failed -Since ([datetime]::Now.AddHours(-1)) -Tag @{ team = 'o*' }).Count) $((Get-MlflowRun -Name night-? -Tag @{ team = 'o2' }).RunName) $(@(Get-MlflowRun -Since ([datetime]::Now.AddHours(1))).Count)"
            $rows = $runs[0..1] | Compare-MlflowRun
            ($rows | Where-Object Kind -ne Tag | ForEach-Object { "$($_.Kind) $($_.Key) $($_.Values[$runs[0].RunId]) $($_.Values[$runs[1].RunId])" }) -join '; '
            [bool](Compare-MlflowRun $runs[0].RunId, $runs[1].RunId -IncludeEqual | Where-Object Key -eq same).IsEqual
            ($runs[1] | Get-MlflowMetric loss/* | ForEach-Object { "$($_.Name) $($_.Step) $($_.Value)" }) -join '; '
            $runs | Remove-MlflowRun -WhatIf
            (Get-MlflowRun).Count
            $runs[0], $runs[1].RunId | Remove-MlflowRun -Confirm:$false
            (Get-MlflowRun).RunName
            Remove-MlflowRun $id -Confirm:$false
            (Restore-MlflowRun $id -PassThru).RunName
            Restore-MlflowRun $id
            Get-MlflowMetric nothing -RunId $id
            Compare-MlflowRun $id, $id
            $active = Start-MlflowRun
            Remove-MlflowRun $active.RunId -Confirm:$false
            """,
            ("Uri", _session.StoreUri(where, server.Uri)));
        Assert.Equal(
            ["asked 3 night-2 0", "Param lr 1 2; Metric loss/a 3 6", "True", "loss/a 1 2; loss/a 2 4; loss/a 3 6", "3", "night-3", "night-1"],
            result.Texts);
        Assert.Equal(["RunDeleted", "NotDeleted", "MetricNotFound", "InvalidValue", "InvalidValue"], Ids(result));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public async Task Artifacts_are_selected_and_removed_by_patterns(string where)
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        foreach (string name in new[] { "d/a.csv", "d/b.txt", "d/sub/c.csv", "e/x", "f" })
            _session.Write("in/" + name, "1");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            function Sorted { $list = @($input); [array]::Sort($list); $list -join ',' }
            $null = Start-MlflowRun
            Send-MlflowArtifact in -ContentOnly | Out-Null
            (Get-MlflowArtifact -Recurse -Include **/*.csv).ArtifactPath -join ','
            (Receive-MlflowArtifact d ./back -Exclude d/sub).ArtifactPath | Sorted
            Remove-MlflowArtifact d -Confirm:$false
            Remove-MlflowArtifact d, e, f -Recurse -WhatIf
            Remove-MlflowArtifact d -Recurse -Include **/*.csv -Confirm:$false
            (Get-MlflowArtifact -Recurse | Where-Object { -not $_.IsDirectory }).ArtifactPath | Sorted
            Get-MlflowArtifact -Recurse | Where-Object ArtifactPath -like e* | Remove-MlflowArtifact -Recurse -Confirm:$false
            Remove-MlflowArtifact none, ../x -Confirm:$false
            (Get-MlflowArtifact -Recurse | Where-Object { -not $_.IsDirectory }).ArtifactPath | Sorted
            """,
            ("Uri", _session.StoreUri(where, server.Uri)));
        Assert.Equal(["d/a.csv,d/sub/c.csv", "d/a.csv,d/b.txt", "d/b.txt,e/x,f", "d/b.txt,f"], result.Texts);
        Assert.Equal(["InvalidValue", "ArtifactNotFound", "ArtifactPathInvalid"], Ids(result));
    }

    [Fact]
    public async Task WhatIf_sends_no_request_that_changes_something_and_First_asks_for_no_more()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        _session.Write("a.txt", "1");
        _session.Run(
            "Connect-Mlflow $Uri | Out-Null; $null = New-MlflowExperiment gone; Remove-MlflowExperiment gone -Confirm:$false; $run = Start-MlflowRun; Send-MlflowArtifact a.txt | Out-Null; Stop-MlflowRun | Out-Null",
            ("Uri", server.Uri.ToString())).Clean();
        int before = server.Requests.Count;
        _session.Run(
            """
            Set-MlflowExperiment Default -NewName x -Tag @{ a = 1 } -WhatIf
            Remove-MlflowExperiment * -WhatIf
            Restore-MlflowExperiment * -WhatIf
            $run | Remove-MlflowRun -WhatIf
            $run | Remove-MlflowArtifact a.txt -WhatIf
            Get-MlflowRun -First 5 -Status Finished | Out-Null
            """).Clean();
        RecordedRequest[] sent = [.. server.Requests.Skip(before)];
        Assert.NotEmpty(sent);
        Assert.All(sent, request => Assert.True(request.Method == "GET" || request.Path.EndsWith("/search", StringComparison.Ordinal), $"{request.Method} {request.Path}"));
        string body = sent.Last(request => request.Path.EndsWith("runs/search", StringComparison.Ordinal)).BodyText;
        Assert.Contains("\"max_results\":5", body);
        Assert.Contains("FINISHED", body);
    }

    public void Dispose() => _session.Dispose();

    private static string[] Ids(ScriptResult result) => [.. result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0])];
}
