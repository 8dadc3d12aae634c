namespace Anovos.Mlflow.Tests;

/// <summary>Tests folders of runs with files that others left, changed or truncated.</summary>
public sealed class ForeignStoreTests : IDisposable
{
    private readonly ScriptSession _session = new();
    private readonly string _runId;
    private readonly string _folder;

    public ForeignStoreTests()
    {
        dynamic run = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri ./mlruns -Experiment ours -Name nightly
            Write-MlflowMetric loss 0.5 -Step 1
            Stop-MlflowRun
            $null = Connect-Mlflow ./mlruns
            """).Clean().Single;
        _runId = run.RunId;
        _folder = Path.Combine(_session.Folder, "mlruns", (string)run.ExperimentId, _runId);
    }

    private string Meta => Path.Combine(_folder, "meta.yaml");

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_run_with_a_bad_line_is_listed_with_one_warning_that_names_file_and_line()
    {
        File.AppendAllText(Path.Combine(_folder, "metrics", "loss"), "no point\n");
        ScriptResult result = Run("(Get-MlflowRun -Experiment ours).Metrics['loss']").Clean();

        Assert.Equal(["0.5"], result.Texts);
        Assert.Contains($"metrics{Path.DirectorySeparatorChar}loss:2:", Assert.Single(result.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_point_without_a_line_end_stays()
    {
        File.WriteAllText(Path.Combine(_folder, "metrics", "loss"), "1 0.5 1");
        ScriptResult result = Run("Write-MlflowMetric loss 0.25 -Step 2 -RunId $Id; (Get-MlflowMetric loss -RunId $Id).Value").Clean();

        Assert.Equal(["0.5", "0.25"], result.Texts);
    }

    [Fact]
    public void A_run_with_half_a_meta_is_listed_sent_and_removed()
    {
        string text = File.ReadAllText(Meta);
        File.WriteAllText(Meta, text[..text.IndexOf("run_id", StringComparison.Ordinal)] + "run_id: 12");
        ScriptResult result = Run(
            """
            (Get-MlflowRun -Experiment ours).RunId -eq $Id
            (Sync-MlflowRun -TrackingUri ./other).Status
            Remove-MlflowRun $Id -Confirm:$false
            @(Get-MlflowRun -Experiment ours).Count
            """).Clean();

        Assert.Equal(["True", "Running", "0"], result.Texts);
        Assert.NotEmpty(result.Warnings);
        Assert.All(result.Warnings, warning => Assert.Contains("meta.yaml", warning, StringComparison.Ordinal));
    }

    [Fact]
    public void While_the_name_of_an_experiment_cannot_be_read_none_is_started_by_name()
    {
        File.Delete(Path.Combine(_folder, "..", "meta.yaml"));
        ScriptResult result = Run(
            "(Get-MlflowExperiment).Name; (Get-MlflowRun -Experiment '*unreadable*').RunId; Start-MlflowRun -Experiment ours");

        Assert.Contains(result.Texts, text => text.StartsWith("(unreadable name)", StringComparison.Ordinal));
        Assert.Equal(_runId, result.Texts[^1]);
        Assert.Contains("meta.yaml", Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetDirectories(Path.Combine(_session.Folder, "mlruns")).Length);
    }

    [Theory]
    [InlineData("''")]
    [InlineData("elsewhere")]
    [InlineData("/C:/mlruns/artifacts")]
    public void Without_a_root_no_artifact_is_sent_or_removed(string root)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && root[0] == '/', "a root on Windows");
        _session.Write("keep.txt", "kept");
        _session.Write("elsewhere/keep.txt", "kept");
        string[] lines = File.ReadAllLines(Meta);
        File.WriteAllLines(Meta, [$"artifact_uri: {root}", .. lines.Skip(1)]);
        ScriptResult result = Run("Remove-MlflowArtifact keep.txt -RunId $Id -Confirm:$false; Send-MlflowArtifact ./keep.txt -RunId $Id");

        Assert.Equal(2, result.Errors.Length);
        Assert.All(result.Errors, error => Assert.Contains("artifact_uri", error.ToString(), StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(_session.Folder, "keep.txt")));
        Assert.Equal(["keep.txt"], Directory.GetFiles(Path.Combine(_session.Folder, "elsewhere")).Select(Path.GetFileName));
    }

    private ScriptResult Run(string script) => _session.Run(script, ("Id", _runId));
}
