using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests which files belong to a run: files written since it started, and files in a folder named after its id.</summary>
public sealed class OutputOfRunTests : IAsyncLifetime
{
    private const string Other = "0123456789abcdef0123456789abcdef";

    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;

    [Fact]
    public void After_a_workflow_that_ended_well_what_an_earlier_run_left_is_listed_and_sent_with_force_only()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH, in which tests/workflow/anovos.py is written");
        Old("report_stats/global_summary.csv", "metric,value\nrows_count,1\n");
        _session.Write("new.csv", "age\n17\n");
        ScriptResult result = Run(
            """
            $write = 'import os, shutil; os.makedirs("output/final_dataset"); shutil.copyfile("new.csv", "output/final_dataset/part-0.csv")'
            $run = $config | Invoke-AnovosWorkflow -SkipCheck python3 '-c' $write -TrackingUri $Uri
            Send-AnovosArtifact -Config $config -Run $run -Resend | ForEach-Object { "$($_.ArtifactPath) $($_.Status): $($_.Reason)" }
            Send-AnovosArtifact -Config $config -Run $run -Resend -Force -Include report_stats | ForEach-Object { "$($_.ArtifactPath) $($_.Status)" }
            """).Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.DoesNotContain(stored.LatestMetrics.Keys, key => key.StartsWith("global_summary", StringComparison.Ordinal));
        Assert.Contains("it is from an earlier run", stored.Tags["mlflow.note.content"]);
        Assert.Contains("final_dataset/part-0.csv Sent: ", result.Texts);
        Assert.Contains("report_stats/global_summary.csv NotTracked: it is from an earlier run: it was written before this run started",
            result.Texts);
        Assert.Equal("report_stats/global_summary.csv Sent", result.Texts[^1]);
        Assert.Equal(2, result.Warnings.Count(warning => warning.Contains("1 file of an earlier run") && warning.Contains("-Force")));
        Assert.Contains(_server.ArtifactsOf(stored.RunId), file => file.Key == "report_stats/global_summary.csv");
    }

    [Fact]
    public void A_run_that_is_started_for_outputs_that_are_there_sends_them_all()
    {
        Old("report_stats/global_summary.csv", "metric,value\nrows_count,1\n");
        Old("output/final_dataset/part-0.csv", "age\n17\n");
        ScriptResult result = Run("$null = $config | Start-MlflowRun -TrackingUri $Uri; Send-AnovosArtifact | ForEach-Object Status")
            .Clean();
        Assert.Equal(2, result.Texts.Count(status => status == "Sent"));
    }

    [Fact]
    public void A_run_that_wrote_one_file_leaves_the_older_ones_to_the_earlier_run()
    {
        Old("report_stats/global_summary.csv", "metric,value\nrows_count,1\n");
        ScriptResult result = Run(
            """
            $null = $config | Start-MlflowRun -TrackingUri $Uri
            $null = [System.IO.Directory]::CreateDirectory("$PWD/output/final_dataset")
            [System.IO.File]::WriteAllText("$PWD/output/final_dataset/part-0.csv", 'age')
            Send-AnovosArtifact | Where-Object Length | ForEach-Object { "$($_.ArtifactPath) $($_.Status)" }
            """).Clean();
        Assert.Equal(["final_dataset/part-0.csv Sent", "report_stats/global_summary.csv NotTracked"],
            result.Texts.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Files_in_folders_of_another_run_are_said_to_be_that_runs_with_how_to_send_them()
    {
        Old($"output/final_dataset/{Other}/part-0.csv", "age\n17\n");
        Old($"report_stats/{Other}/global_summary.csv", "metric,value\nrows_count,1\n");
        ScriptResult result = Run(
            $"""
            $null = $config | Start-MlflowRun -TrackingUri $Uri
            Send-AnovosArtifact | ForEach-Object Reason
            Get-AnovosOutput $config -RunId {Other} | Send-AnovosArtifact | Where-Object Status -eq 'Sent' | ForEach-Object ArtifactPath
            """).Clean();
        string[] reasons = [.. result.Texts.Where(text => text.Contains(Other))];
        Assert.Equal(2, reasons.Length);
        Assert.All(reasons, reason => Assert.EndsWith(
            $"has no files of this run, but has files of run {Other}. Send them to that run with Send-AnovosArtifact -RunId {Other}, or to this one with "
                + $"Get-AnovosOutput -RunId {Other} | Send-AnovosArtifact", reason, StringComparison.Ordinal));
        Assert.DoesNotContain(result.Warnings, warning => warning.Contains("-BasePath"));

        // The advice works.
        Assert.Equal(["final_dataset/part-0.csv", "report_stats/global_summary.csv"], result.Texts[^2..].Order(StringComparer.Ordinal));
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        _session.Write("config.yaml",
            """
            report_preprocessing:
              master_path: report_stats
            stats_generator:
              metric: [global_summary]
            write_main:
              file_path: output
              file_type: csv
            mlflow:
              experiment: Flow
              track_output: True
              track_reports: True
            """);
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _server.DisposeAsync();
    }

    private void Old(string name, string content) =>
        File.SetLastWriteTimeUtc(_session.Write(name, content), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

    private ScriptResult Run(string script) =>
        _session.Run("$config = Import-AnovosConfig ./config.yaml\n" + script, ("Uri", _server.Uri.ToString()));
}
