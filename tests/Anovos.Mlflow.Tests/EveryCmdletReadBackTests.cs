using System.Management.Automation.Language;
using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Uses every cmdlet on a real server, and then reads the server's state with MLflow's own Python client. Needs the server in
/// <c>ANOVOS_TEST_TRACKING_URI</c> and the Python in <c>ANOVOS_TEST_MLFLOW_PYTHON</c>.
/// </summary>
public sealed class EveryCmdletReadBackTests : IDisposable
{
    private const string Day =
        """
        # A bare session has no Get-Content, and no Join-Path.
        $config = Import-AnovosConfig ./config.yaml
        if (-not (Test-AnovosConfig ./sound.yaml -Quiet)) { throw 'the workflow file is wrong' }
        $null = Connect-Mlflow $Uri
        if (-not (Test-MlflowConnection -Quiet) -or (Get-MlflowConnection).TrackingUri -ne $Uri) { throw 'not connected' }

        $null = New-MlflowExperiment "$Name draft"
        Set-MlflowExperiment "$Name draft" -NewName $Name -Tag @{ team = 'ops' }
        Remove-MlflowExperiment $Name -Confirm:$false
        Restore-MlflowExperiment $Name
        if ((Get-MlflowExperiment $Name).Tags['team'] -ne 'ops') { throw 'no tag' }

        $first = $config | Start-MlflowRun -Experiment $Name -Name first
        if (@(Get-AnovosOutput $config -BasePath ./made).Count -eq 0) { throw 'no plan' }
        $null = $config | Send-AnovosArtifact -BasePath ./made
        $null = Write-AnovosStatistic ./made/report_stats
        1..3 | ForEach-Object { [pscustomobject]@{ Name = 'rmse'; Value = 1 / $_; Step = $_ } } | Write-MlflowMetric
        Write-MlflowParameter alpha 0.5
        Set-MlflowTag @{ kept = 'yes'; dropped = 'yes' }
        Remove-MlflowTag dropped -Confirm:$false
        $null = Send-MlflowArtifact ./note.txt, ./draft.txt notes
        Remove-MlflowArtifact notes/draft.txt -Confirm:$false
        $null = Send-MlflowArtifact ./model
        $null = Stop-MlflowRun
        if (@($first | Get-MlflowMetric rmse).Count -ne 3) { throw 'points are missing' }
        if (@($first | Get-MlflowArtifact notes).ArtifactPath -ne 'notes/note.txt') { throw 'artifacts differ' }
        $null = $first | Receive-MlflowArtifact notes -Destination ./back

        Use-MlflowRun -Experiment $Name -Name second { Write-MlflowMetric rmse 0.5; $null = $true } | Out-Null
        $second = Get-MlflowRun -Experiment $Name -Name second
        if (-not (Get-MlflowRun -Experiment $Name | Compare-MlflowRun | Where-Object Key -eq rmse)) { throw 'no difference' }
        if (-not ($second | Test-MlflowRun -Metric @{ rmse = @{ max = "run:$($first.RunId)"; tolerance = '50%' } } -TagRun -Quiet)) { throw 'gate' }
        $first | Show-MlflowRun -WhatIf
        $null = $first | Export-MlflowReport ./report.html
        $second | Remove-MlflowRun -Confirm:$false
        Restore-MlflowRun $second.RunId
        $second | Remove-MlflowRun -Confirm:$false

        $null = Start-MlflowRun -Offline -OfflinePath ./away -Experiment $Name -Name away
        Write-MlflowMetric rmse 0.25
        $null = Stop-MlflowRun
        if ((Copy-MlflowExperiment $Name -TrackingUri $Uri -Destination sqlite:///copies.db).Status -ne 'Synced') { throw 'not copied' }
        $null = Get-MlflowRun -Experiment $Name -TrackingUri $Uri | Copy-MlflowRun -Destination ./copies
        $synced = Sync-MlflowRun ./away -TrackingUri $Uri

        New-MlflowRegisteredModel $Name, "$Name gone" | Out-Null
        Remove-MlflowRegisteredModel "$Name gone" -Confirm:$false
        1..2 | ForEach-Object { $null = $first | New-MlflowModelVersion $Name model }
        Set-MlflowRegisteredModel $Name -Description 'Who earns more' -Tag @{ team = 'ops' }
        Set-MlflowModelVersion $Name 1 -Description first -Tag @{ checked = 'yes' }
        Set-MlflowModelAlias $Name champion, old 1
        Remove-MlflowModelAlias $Name old -Confirm:$false
        Remove-MlflowModelVersion $Name 2 -Confirm:$false
        if ((Get-MlflowRegisteredModel $Name).Aliases['champion'] -ne 1 -or @(Get-MlflowModelVersion $Name).Count -ne 1) { throw 'the registry differs' }
        if (-not (Receive-MlflowModel "models:/$Name@champion").Flavors) { throw 'no model' }
        try { $null = Get-MlflowLoggedModel -Experiment $Name -ErrorAction Stop }
        catch { if ($_.FullyQualifiedErrorId -notlike 'NotSupported,*') { throw } }

        $workflow = $config | Invoke-AnovosWorkflow -SkipCheck $Python $Program '--outputs' ./made -Experiment $Name -Name workflow
        $null = $config | Export-AnovosProject $Python $Program
        $project = Invoke-MlflowProject ./demo -Experiment $Name -Name project
        Disconnect-Mlflow
        $first.RunId; $second.RunId; $synced.TargetRunId; $workflow.RunId; $project.RunId
        """;

    private readonly ScriptSession _session = new();
    private readonly string _name = $"Every {Guid.NewGuid():N}";

    [Fact]
    public void A_day_with_every_cmdlet_is_what_MLflow_reads()
    {
        string uri = ReadBack.TrackingUri("server");
        _session.Write("config.yaml", InvokeWorkflowTests.Config);
        _session.Write("sound.yaml", File.ReadAllText(Path.Combine(Repository.Root, "samples", "customers", "config.yaml")));
        InvokeWorkflowTests.WriteOutputs(_session);
        _session.Write("note.txt", "a note");
        _session.Write("draft.txt", "a draft");
        _session.Write("model/MLmodel", "flavors:\n  python_function:\n    loader_module: none\n");
        _session.Write("demo/MLproject", "name: demo\nentry_points:\n  main:\n    command: \"python3 -c 'print(1)'\"\n");

        string[] runs = _session.Run(Day, ("Uri", uri), ("Name", _name), ("Python", ReadBack.Python()), ("Program", InvokeWorkflowTests.WorkflowProgram)).Clean().Texts;
        JsonElement[] read = [.. runs.Select(run => ReadBack.Run(uri, run, _session.Folder))];

        Assert.Equal(["FINISHED active", "FINISHED deleted", "FINISHED active", "FINISHED active", "FINISHED active"], read.Select(run => $"{Text(run, "status")} {Text(run, "stage")}"));
        Assert.All(read, run => Assert.Equal(_name, Text(run, "experiment")));
        Assert.Equal("ops", ReadBack.Text(read[0], "experiment_tags", "team"));
        Assert.Equal(("0.5", "yes"), (ReadBack.Text(read[0], "params", "alpha"), ReadBack.Text(read[0], "tags", "kept")));
        Assert.False(read[0].GetProperty("tags").TryGetProperty("dropped", out _));
        Assert.Equal("[[1, \"1.0\"], [2, \"0.5\"], [3, \"0.3333333333333333\"]]", read[0].GetProperty("history").GetProperty("rmse").GetRawText());
        Assert.Equal("7.8687", ReadBack.Text(read[0], "metrics", "drift_statistics/age/PSI"));
        Assert.Equal(
            ["config/config.yaml", "final_dataset/part-0.csv", "model/MLmodel", "notes/note.txt", "report_stats/drift_statistics.csv", "report_stats/global_summary.csv", "report_stats/measures_of_counts.csv"],
            read[0].GetProperty("artifacts").EnumerateObject().Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.StartsWith("Passed: 0.5 is at most 0.5:", ReadBack.Text(read[1], "tags", "anovos.gate/metric/rmse/max"));
        Assert.Equal("0.25", ReadBack.Text(read[2], "metrics", "rmse"));
        Assert.Equal("201.4", ReadBack.Text(read[3], "metrics", "time/without_report"));
        Assert.Equal("PROJECT", ReadBack.Text(read[4], "tags", "mlflow.source.type"));

        JsonElement model = ReadBack.Model(uri, _name, "champion", _session.Folder);
        Assert.Equal("Who earns more ops", $"{Text(model, "description")} {ReadBack.Text(model, "tags", "team")}");
        Assert.Equal("""{"champion": 1}""", model.GetProperty("aliases").GetRawText());
        Assert.Equal("[1]", model.GetProperty("versions").GetRawText());
        Assert.Equal($"first yes {runs[0]}", $"{Text(model.GetProperty("version"), "description")} {ReadBack.Text(model.GetProperty("version"), "tags", "checked")} {Text(model.GetProperty("version"), "run_id")}");
    }

    [Fact]
    public void The_day_leaves_no_cmdlet_out()
    {
        IEnumerable<string> used = Parser.ParseInput(Day, out _, out _).FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Select(ast => ((CommandAst)ast).GetCommandName());
        Assert.Empty(_session.Run("(Get-Command -Module Anovos.Mlflow).Name").Clean().Texts.Except(used));
    }

    public void Dispose() => _session.Dispose();

    private static string Text(JsonElement read, string name) => read.GetProperty(name).GetString()!;
}
