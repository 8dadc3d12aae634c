using System.Security.Cryptography;
using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Reads runs that this module wrote with MLflow's own Python client. <c>ANOVOS_TEST_MLFLOW_PYTHON</c> names a Python interpreter that
/// can import mlflow; <c>ANOVOS_TEST_TRACKING_URI</c> names a server to repeat the tests on.
/// </summary>
public sealed class ReadBackTests : IDisposable
{
    private const string Block = "\nmlflow:\n  experiment: \"Anovos full\"\n  tracking_uri: \"http://127.0.0.1:1\"\n  track_output: True\n  track_reports: True\n  track_intermediates: [\"data_transformer/*\"]\n";

    private readonly ScriptSession _session = new();

    public static TheoryData<string, string> Cases =>
        new MatrixTheoryData<string, string>(["configs_mlflow.yaml", "configs_full.yaml"], ["database", "folder", "server"]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void MLflow_reads_the_run_of_a_workflow_as_it_was_written(string name, string where)
    {
        string uri = ReadBack.TrackingUri(where);
        string config = Path.Combine(Repository.Shared("anovos/configs"), name);
        string text = File.ReadAllText(config);
        config = _session.Write(name, text.Contains("\nmlflow:") ? text : text + Block);
        string workingFolder = Outputs();

        dynamic run = _session.Run(
            "Import-AnovosConfig $Config | Start-MlflowRun -TrackingUri $Uri -Name 'größe 1' -Tag @{ team = 'ops' } | Send-AnovosArtifact -BasePath $Base -PassThru -WarningAction SilentlyContinue | Stop-MlflowRun",
            ("Config", config), ("Uri", uri), ("Base", workingFolder)).Clean().Single;
        JsonElement read = ReadBack.Run((string)run.TrackingUri, (string)run.RunId, _session.Folder);

        Assert.Equal("FINISHED", read.GetProperty("status").GetString());
        Assert.Equal((string)run.Experiment, read.GetProperty("experiment").GetString());
        Assert.Equal(("größe 1", "ops", config), (ReadBack.Text(read, "tags", "mlflow.runName"), ReadBack.Text(read, "tags", "team"), ReadBack.Text(read, "tags", "mlflow.source.name")));
        Assert.Equal("data/income_dataset/csv", ReadBack.Text(read, "params", "input_dataset.read_dataset.file_path"));
        Assert.Equal("""["logfnl"]""", ReadBack.Text(read, "params", "input_dataset.delete_column"));
        Assert.True(read.GetProperty("params").EnumerateObject().Count() > 30);
        Assert.Equal(Expected(name, config, workingFolder), read.GetProperty("artifacts").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public void MLflow_reads_what_was_renamed_removed_and_restored(string where)
    {
        string name = $"trash {Guid.NewGuid():N}";
        dynamic run = _session.Run(
            "$null = Use-MlflowRun -TrackingUri $Uri -Experiment $Name { Write-MlflowParameter p 1 }; Get-MlflowRun -TrackingUri $Uri -Experiment $Name",
            ("Uri", ReadBack.TrackingUri(where)), ("Name", name)).Clean().Single;
        string Step(string script)
        {
            _session.Run(script, ("Run", run), ("New", name + ": größe #1"), ("Old", name)).Clean();
            JsonElement read = ReadBack.Run((string)run.TrackingUri, (string)run.RunId, _session.Folder);
            return $"{read.GetProperty("experiment").GetString()!.Replace(name, "N")} {read.GetProperty("experiment_stage")} {read.GetProperty("stage")} {read.GetProperty("experiment_tags").EnumerateObject().Count(tag => tag.Name == "team")} {ReadBack.Text(read, "params", "p")}";
        }

        Assert.Equal("N: größe #1 active active 1 1", Step("Set-MlflowExperiment $Old -NewName $New -Tag @{ team = 'ops' } -TrackingUri $Run.TrackingUri"));
        Assert.Equal("N: größe #1 active deleted 1 1", Step("$Run | Remove-MlflowRun -Confirm:$false"));
        Assert.Equal("N: größe #1 active active 1 1", Step("$Run | Restore-MlflowRun"));
        Assert.Equal("N: größe #1 deleted deleted 1 1", Step("Get-MlflowExperiment $New -TrackingUri $Run.TrackingUri | Remove-MlflowExperiment -Confirm:$false"));
        Assert.Equal("N: größe #1 active active 1 1", Step("Restore-MlflowExperiment $New -TrackingUri $Run.TrackingUri"));
    }

    [Theory]
    [InlineData("database")]
    [InlineData("folder")]
    [InlineData("server")]
    public void MLflow_reads_metrics_params_and_tags_as_they_were_written(string where)
    {
        dynamic run = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri $Uri -Experiment 'größe: 世 #1'
            1..3 | ForEach-Object { [pscustomobject]@{ Name = 'measures_of_counts/age/missing_pct'; Value = $_ / 3; Step = $_ } } | Write-MlflowMetric
            Write-MlflowMetric @{ tiny = 1e-7; nan = [double]::NaN; big = 1e22 }
            Write-MlflowParameter @{ lines = "a`nb"; yes = 'yes'; 'a b:c' = '' }
            Set-MlflowTag note "größe`t世"
            Stop-MlflowRun Failed
            """,
            ("Uri", ReadBack.TrackingUri(where))).Clean().Single;
        JsonElement read = ReadBack.Run((string)run.TrackingUri, (string)run.RunId, _session.Folder);

        Assert.Equal(("FAILED", "größe: 世 #1"), (read.GetProperty("status").GetString(), read.GetProperty("experiment").GetString()));
        Assert.Equal(("1e-07", "nan", "1e+22", "1.0"), (ReadBack.Text(read, "metrics", "tiny"), ReadBack.Text(read, "metrics", "nan"), ReadBack.Text(read, "metrics", "big"), ReadBack.Text(read, "metrics", "measures_of_counts/age/missing_pct")));
        Assert.Equal("[[1,\"0.3333333333333333\"],[2,\"0.6666666666666666\"],[3,\"1.0\"]]", read.GetProperty("history").GetProperty("measures_of_counts/age/missing_pct").GetRawText().Replace(" ", ""));
        Assert.Equal(("a\nb", "yes", ""), (ReadBack.Text(read, "params", "lines"), ReadBack.Text(read, "params", "yes"), ReadBack.Text(read, "params", "a b:c")));
        Assert.Equal("größe\t世", ReadBack.Text(read, "tags", "note"));
    }

    public void Dispose() => _session.Dispose();

    // The outputs, next to the folder that configs_mlflow.yaml writes to with "../anovos_repo/data/output/".
    private string Outputs()
    {
        string shared = Repository.Shared("anovos/outputs"), working = Path.Combine(_session.Folder, "work");
        foreach (string file in Directory.GetFiles(shared, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(shared, file);
            Copy(file, Path.Combine(working, relative));
            if (relative.StartsWith("output", StringComparison.Ordinal))
                Copy(file, Path.Combine(_session.Folder, "anovos_repo", "data", relative));
        }

        return working;

        static void Copy(string file, string target)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    // According to the table of the workflow's outputs: in configs_mlflow.yaml, the basic report replaces the transformers.
    private static Dictionary<string, string> Expected(string name, string config, string workingFolder)
    {
        string[] folders = ["output/final_dataset", "report_stats", .. name == "configs_full.yaml"
            ? new[] { "intermediate_data/data_transformer/transformers/attribute_binning", "intermediate_data/data_transformer/transformers/outlier_categories" }
            : []];
        var expected = new Dictionary<string, string> { [$"config/{name}"] = Hash(config) };
        foreach (string file in folders.SelectMany(folder => Directory.GetFiles(Path.Combine(workingFolder, folder))))
        {
            string path = Path.GetRelativePath(workingFolder, file).Replace('\\', '/');
            expected[path.Replace("output/", "").Replace("intermediate_data/", "")] = Hash(file);
        }

        return expected;
    }

    private static string Hash(string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)));
}
