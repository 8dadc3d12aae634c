using System.Security.Cryptography;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the main job: a workflow file and its outputs become a tracked run.</summary>
public sealed class WorkflowTests : IDisposable
{
    private const string Pipeline = "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri $Uri | Send-AnovosArtifact -BasePath $Base -PassThru | Stop-MlflowRun";

    private readonly ScriptSession _session = new();

    private static string Customers => Path.Combine(Repository.Root, "samples", "customers");

    [Fact]
    public async Task The_pipeline_reports_a_workflow_to_a_server()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        dynamic run = _session.Run(Pipeline, ("Config", Path.Combine(Customers, "config.yaml")), ("Uri", server.Uri.ToString()), ("Base", Customers)).Clean().Single;

        StoredRun stored = server.Runs.Single();
        Assert.Equal((string)run.RunId, stored.RunId);
        Assert.Equal("Customers", (string)run.Experiment);
        Assert.Equal("FINISHED", stored.Status);
        Assert.Equal("data/customers/csv", stored.Params["input_dataset.read_dataset.file_path"]);
        Assert.Equal("""["comment"]""", stored.Params["input_dataset.delete_column"]);
        Assert.DoesNotContain(stored.Params.Keys, key => key.StartsWith("mlflow.", StringComparison.Ordinal));
        Assert.Equal(Path.Combine(Customers, "config.yaml"), stored.Tags["mlflow.source.name"]);
        Assert.Equal("LOCAL", stored.Tags["mlflow.source.type"]);
        Assert.Equal(Environment.UserName, stored.Tags["mlflow.user"]);

        Dictionary<string, string> sent = server.ArtifactsOf(stored.RunId).ToDictionary(entry => entry.Key, entry => entry.Value.Sha256.ToUpperInvariant());
        Assert.Equal(ExpectedArtifacts(), sent);
    }

    [Fact]
    public void The_pipeline_reports_a_workflow_to_a_folder_and_leaves_no_run_active()
    {
        ScriptResult result = _session.Run(
            Pipeline + "; $env:MLFLOW_RUN_ID; Get-MlflowArtifact -RunId (Get-MlflowRun -TrackingUri $Uri).RunId -TrackingUri $Uri -Recurse | Where-Object { -not $_.IsDirectory } | ForEach-Object ArtifactPath",
            ("Config", Path.Combine(Customers, "config.yaml")), ("Uri", "./mlruns"), ("Base", Customers)).Clean();
        Assert.Null(result.Output[1]);
        Assert.Equal(ExpectedArtifacts().Keys.Order(), result.Texts.Skip(2).Order());
    }

    [Fact]
    public void A_row_comes_out_for_each_file_and_for_each_output_that_is_not_tracked()
    {
        ScriptResult result = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact -BasePath $Base",
            ("Config", Path.Combine(Customers, "config.yaml")), ("Base", Customers)).Clean();
        Assert.Equal(9, result.Output.Count(row => row.Properties["Status"].Value.ToString() == "Sent"));
        dynamic join = Assert.Single(result.Output, row => (string)row.Properties["ArtifactPath"].Value == "data_ingest/join_dataset");
        Assert.Equal(("NotTracked", "Intermediate"), ((string)join.Status.ToString(), (string)join.Kind));
        Assert.Contains("track_intermediates selects", (string)join.Reason);
    }

    [Fact]
    public void A_missing_output_is_a_row_and_a_warning_and_the_rest_is_sent()
    {
        string folder = CopyOf(Customers);
        Directory.Delete(Path.Combine(folder, "output"), recursive: true);
        ScriptResult result = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact -BasePath $Base; (Stop-MlflowRun).Status",
            ("Config", Path.Combine(folder, "config.yaml")), ("Base", folder)).Clean();
        dynamic missing = Assert.Single(result.Output, row => row.Properties["Status"]?.Value.ToString() == "Missing");
        Assert.Equal("final_dataset", (string)missing.ArtifactPath);
        Assert.Contains(result.Warnings, warning => warning.Contains("write_main"));
        Assert.Contains(result.Warnings, warning => warning.Contains("-BasePath"));
        Assert.Contains(result.Output, row => row.Properties["ArtifactPath"]?.Value as string == "report_stats/ml_anovos_report.html");
        Assert.Equal("Finished", result.Texts[^1]);
    }

    [Fact]
    public void Outputs_under_the_runs_own_folder_are_sent_and_another_runs_are_not()
    {
        string folder = CopyOf(Customers);
        ScriptResult result = _session.Run(
            """
            $run = Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns
            foreach ($id in $run.RunId, ('0' * 32)) {
                $null = [System.IO.Directory]::CreateDirectory("$Base/output/final_dataset/$id")
                [System.IO.File]::WriteAllText("$Base/output/final_dataset/$id/part-0.csv", $id)
            }
            $null = [System.IO.Directory]::CreateDirectory("$Base/report_stats/" + ('0' * 32))
            [System.IO.File]::WriteAllText("$Base/report_stats/" + ('0' * 32) + '/other.html', 'x')
            Send-AnovosArtifact -BasePath $Base | Where-Object Status -eq Sent | ForEach-Object ArtifactPath
            """,
            ("Config", Path.Combine(folder, "config.yaml")), ("Base", folder)).Clean();
        Assert.Equal(["final_dataset/part-0.csv"], result.Texts.Where(path => path.StartsWith("final_dataset", StringComparison.Ordinal)));
        Assert.DoesNotContain(result.Texts, path => path.Contains("other.html"));
    }

    [Theory]
    [InlineData("-Include '**/*.html'", "report_stats/ml_anovos_report.html")]
    [InlineData("-Include final_dataset -Exclude 'final_dataset/part-*'", "final_dataset/_SUCCESS")]
    [InlineData("-Force -Include data_ingest -Exclude '**/_SUCCESS'", "data_ingest/join_dataset/part-00000-0c9e8d77-6a1f-4d10-8a57-6f1b7a7c2b11-c000.csv")]
    public void Patterns_narrow_and_force_overrides_the_flags(string arguments, string expected)
    {
        ScriptResult result = _session.Run(
            $"Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact -BasePath $Base {arguments} | Where-Object Status -eq Sent | ForEach-Object ArtifactPath",
            ("Config", Path.Combine(Customers, "config.yaml")), ("Base", Customers)).Clean();
        Assert.Equal([expected], result.Texts);
    }

    [Fact]
    public void Compressed_outputs_are_one_zip_a_folder_and_come_back_as_they_were()
    {
        ScriptResult result = _session.Run(
            """
            $rows = Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact -BasePath $Base -Compress
            $rows | Where-Object Status -eq Sent | ForEach-Object { "$($_.Kind) $($_.ArtifactPath) $($_.Path)" }
            Receive-MlflowArtifact -Destination got -Expand | ForEach-Object ArtifactPath
            """,
            ("Config", Path.Combine(Customers, "config.yaml")), ("Base", Customers)).Clean();
        Assert.Contains($"Output final_dataset.zip {Path.Combine(Customers, "output", "final_dataset")}", result.Texts);
        IEnumerable<string> received = result.Texts.Where(text => !text.Contains(".zip", StringComparison.Ordinal));
        Assert.Equal(ExpectedArtifacts().Keys.Order(), received.Order());
        result = _session.Run("Send-AnovosArtifact -BasePath $Base -Compress -ByReference", ("Base", Customers));
        Assert.Equal("InvalidValue", Assert.Single(result.Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void Checksum_files_are_sent_when_asked_for()
    {
        ScriptResult result = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact -BasePath $Base -IncludeChecksum | Where-Object { $_.ArtifactPath -like '*.crc' }",
            ("Config", Path.Combine(Customers, "config.yaml")), ("Base", Customers)).Clean();
        Assert.Single(result.Output);
    }

    [Fact]
    public void Rows_of_the_plan_and_files_with_their_kind_can_be_piped()
    {
        _session.Write("extra.html", "<p>x</p>");
        ScriptResult result = _session.Run(
            """
            $config = Import-AnovosConfig $Config
            $config | Start-MlflowRun -TrackingUri ./mlruns | Out-Null
            $config | Get-AnovosOutput -BasePath $Base | Where-Object Kind -eq Output | Send-AnovosArtifact | ForEach-Object ArtifactPath
            [pscustomobject]@{ PSPath = './extra.html' } | Send-AnovosArtifact -Kind Report -ArtifactPath more | ForEach-Object ArtifactPath
            [pscustomobject]@{ PSPath = './extra.html' } | Send-AnovosArtifact -Kind Intermediate -ArtifactPath more | ForEach-Object { "$($_.Status)" }
            """,
            ("Config", Path.Combine(Customers, "config.yaml")), ("Base", Customers)).Clean();
        Assert.Equal(["more/extra.html", "NotTracked"], result.Texts.TakeLast(2));
        Assert.Equal(3, result.Texts.Count(path => path.StartsWith("final_dataset/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_workflow_without_an_mlflow_block_starts_nothing_and_says_so()
    {
        string config = _session.Write("config.yaml", "write_main:\n  file_path: output\n");
        ScriptResult result = _session.Run("Import-AnovosConfig $Config | Start-MlflowRun | Send-AnovosArtifact -PassThru | Stop-MlflowRun", ("Config", config)).Clean();
        Assert.Empty(result.Output);
        Assert.Contains("Tracking is off", Assert.Single(result.Warnings));
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "mlruns")));
    }

    [Fact]
    public void A_workflow_file_with_a_secret_stays_here_and_its_params_are_masked()
    {
        string config = _session.Write("config.yaml", "input_dataset:\n  read_dataset:\n    account_key: hush-42\nmlflow:\n  experiment: x\n  track_output: False\n  track_reports: False\n  track_intermediates: False\n");
        ScriptResult result = _session.Run("Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | ForEach-Object { $_.Params.Values }; Get-MlflowArtifact", ("Config", config)).Clean();
        Assert.Equal(["***"], result.Texts);
        Assert.Contains(result.Warnings, warning => warning.Contains("was not sent") && warning.Contains("secret"));
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(_session.Folder, "mlruns"), "*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains("hush-42"));
    }

    [Fact]
    public void A_run_whose_artifacts_have_no_place_here_goes_on_with_a_warning()
    {
        ScriptResult result = _session.Run(
            "$null = New-MlflowExperiment Customers -ArtifactLocation hdfs://name/x -TrackingUri ./mlruns; (Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns).Params.Count -gt 10; (Stop-MlflowRun).Status",
            ("Config", Path.Combine(Customers, "config.yaml"))).Clean();
        Assert.Equal(["True", "Finished"], result.Texts);
        Assert.Contains("hdfs:", Assert.Single(result.Warnings));
    }

    [Fact]
    public void A_remote_output_that_is_tracked_is_an_error_of_its_own()
    {
        string config = _session.Write("config.yaml", "write_main:\n  file_path: hdfs://name/out\nmlflow:\n  experiment: x\n  track_output: True\n  track_reports: False\n  track_intermediates: False\n");
        ScriptResult result = _session.Run("Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns | Send-AnovosArtifact | ForEach-Object { \"$($_.Status) $($_.Path)\" }", ("Config", config));
        Assert.Equal(["Failed hdfs://name/out/final_dataset"], result.Texts);
        Assert.StartsWith("ArtifactSendFailed", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void WhatIf_says_what_would_happen_and_makes_nothing()
    {
        ScriptResult result = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri ./mlruns -WhatIf | Send-AnovosArtifact -PassThru | Stop-MlflowRun",
            ("Config", Path.Combine(Customers, "config.yaml"))).Clean();
        Assert.Empty(result.Output);
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "mlruns")));
    }

    [Fact]
    public void One_bad_workflow_among_several_stops_no_other()
    {
        foreach (string name in new[] { "a", "b", "c" })
            _session.Write($"{name}.yaml", name == "b" ? "mlflow:\n  track_output: maybe\n" : $"mlflow:\n  experiment: {name}\n  track_output: False\n  track_reports: False\n  track_intermediates: False\n");
        ScriptResult result = _session.Run("'./a.yaml', './b.yaml', './c.yaml' | Import-AnovosConfig | Start-MlflowRun | Send-AnovosArtifact -PassThru | Stop-MlflowRun | ForEach-Object Experiment");
        Assert.Equal(["a", "c"], result.Texts);
        Assert.Equal("ConfigInvalid,Anovos.Mlflow.PowerShell.Commands.ImportAnovosConfigCommand", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("b.yaml:2:17", result.Errors[0].ToString());
    }

    [Fact]
    public void What_a_workflow_file_says_twice_or_wrongly_is_warned_of_and_flags_that_are_missing_are_a_verbose_line()
    {
        string config = _session.Write("config.yaml", "mlflow:\n  experiment_name: x\n  track_intermediate: yes\n");
        ScriptResult result = _session.Run("Import-AnovosConfig $Config -Verbose", ("Config", config)).Clean();
        dynamic read = result.Single;
        Assert.Equal("x", (string)read.Tracking.Experiment);
        Assert.True((bool)read.Tracking.TrackIntermediates);
        Assert.Contains(result.Warnings, warning => warning.Contains("experiment_name") && warning.Contains("experiment"));
        Assert.Contains(result.Warnings, warning => warning.Contains("track_intermediates"));
        Assert.Contains(result.Verbose, line => line.Contains("track_output"));
    }

    [Fact]
    public void Every_problem_of_a_file_is_told_at_once_and_quietly_it_is_a_bool()
    {
        string config = _session.Write("config.yaml", "write_main:\n  file_type: csv\nmlflow:\n  track_output: maybe\n  track_reports: 1\n");
        ScriptResult result = _session.Run("Test-AnovosConfig $Config; Test-AnovosConfig $Config -Quiet; Test-AnovosConfig $Good -Quiet", ("Config", config), ("Good", Path.Combine(Customers, "config.yaml"))).Clean();
        Assert.True(result.Output.Count(item => item.Properties["Severity"]?.Value.ToString() == "Error") >= 3);
        Assert.Equal(["False", "True"], result.Texts.TakeLast(2));
    }

    public void Dispose() => _session.Dispose();

    private static Dictionary<string, string> ExpectedArtifacts()
    {
        string[] files =
        [
            "output/final_dataset", "intermediate_data/data_transformer/transformers/attribute_binning", "report_stats",
        ];
        Dictionary<string, string> expected = files
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Customers, folder)).Where(file => !file.EndsWith(".crc", StringComparison.Ordinal))
                .Select(file => (Path: $"{folder.Replace("output/", "").Replace("intermediate_data/", "")}/{Path.GetFileName(file)}", File: file)))
            .ToDictionary(entry => entry.Path, entry => Hash(entry.File));
        expected["config/config.yaml"] = Hash(Path.Combine(Customers, "config.yaml"));
        return expected;
    }

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));

    private string CopyOf(string folder)
    {
        string copy = Path.Combine(_session.Folder, "copy");
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }
}
