using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;

namespace Anovos.Mlflow.Tests.Configuration;

/// <summary>
/// Tests with Anovos' own workflow files and a tree of their outputs. Both are next to the repository, if the tests are built in
/// one.
/// </summary>
public class SharedMaterialTests
{
    [Theory]
    [InlineData("configs_mlflow.yaml")]
    [InlineData("configs_full.yaml")]
    [InlineData("configs_income_azure.yaml")]
    public void A_workflow_of_Anovos_is_sound(string name) => Assert.Empty(AnovosConfig.Check(Shared("configs", name)));

    [Fact]
    public void The_workflow_with_tracking_tracks_the_final_dataset_and_the_basic_report()
    {
        AnovosConfig config = AnovosConfig.Load(Shared("configs", "configs_mlflow.yaml"));
        AnovosPlan plan = AnovosPlan.Of(config, Shared("outputs"));
        Assert.Equal(("Anovos", "http://127.0.0.1:8889"), (config.Tracking!.Experiment, config.Tracking.TrackingUri));
        Assert.Equal(["anovos_basic_report", "write_main"], plan.Outputs.Where(row => row.Tracked).Select(row => row.Step));
        Assert.Equal("True", config.Settings["anovos_basic_report.basic_report"]);
        Assert.Equal("""["marital-status","education-num"]""", config.Settings["input_dataset.rename_column.list_of_cols"]);
        Assert.DoesNotContain(config.Settings.Keys, key => key.StartsWith("mlflow", StringComparison.Ordinal));

        ScannedOutput report = Found(plan)["anovos_basic_report"];
        Assert.Contains("report_stats/basic_report.html", report.Files.Select(file => file.ArtifactPath));
        Assert.Equal(Directory.GetFiles(Shared("outputs", "report_stats")).Length, report.Files.Count);
    }

    [Fact]
    public void The_full_workflow_claims_every_file_of_the_tree_but_the_basic_report()
    {
        byte[] yaml = [.. File.ReadAllBytes(Shared("configs", "configs_full.yaml")), .. Encoding.UTF8.GetBytes("\n" + Sample.Tracking)];
        AnovosConfig config = AnovosConfig.Parse(yaml, Sample.Path);
        AnovosPlan plan = AnovosPlan.Of(config, Shared("outputs"));
        Assert.Empty(config.Warnings);
        Assert.All(plan.Outputs.Where(row => row.Step != "anovos_basic_report"), row => Assert.True(row.Tracked, row.ToString()));

        Dictionary<string, ScannedOutput> found = Found(plan);
        Assert.Equal("report_stats/drift_statistics.csv", Assert.Single(found["drift_detector.drift_statistics"].Files).ArtifactPath);
        Assert.Equal("report_stats/ml_anovos_report.html", Assert.Single(found["report_generation"].Files).ArtifactPath);
        Assert.Equal(2, found["join_dataset"].Files.Count);
        Assert.Equal(2, found["write_main"].Files.Count);
        Assert.Equal(2, found["transformers.categorical_outliers.outlier_categories"].Files.Count);

        string[] all = Directory.GetFiles(Shared("outputs"), "*", SearchOption.AllDirectories);
        Assert.Equal(all.Order(), OutputScan.Of(plan).SelectMany(row => row.Files).Select(file => file.FullPath).Order());
    }

    [Fact]
    public void Paths_on_Databricks_are_seen_as_its_driver_sees_them()
    {
        AnovosPlan plan = AnovosPlan.Of(AnovosConfig.Load(Shared("configs", "configs_income_azure.yaml")), Path.GetTempPath());
        AnovosOutput row = Assert.Single(plan.Outputs, output => output.Step == "write_main");
        string root = Path.GetPathRoot(Path.GetTempPath())!;
        Assert.Equal(Path.Combine(root, "dbfs", "FileStore", "tables", "results", "output", "final_dataset"), row.Path);
        Assert.Equal("the workflow has no mlflow block", row.Reason);
    }

    private static Dictionary<string, ScannedOutput> Found(AnovosPlan plan) => OutputScan.Of(plan)
        .GroupBy(row => row.Output.Step).ToDictionary(group => group.Key, group => group.MaxBy(row => row.Files.Count)!);

    private static string Shared(params string[] names)
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Anovos.PowerShell.sln")))
            root = root.Parent;
        string path = Path.Combine([root?.Parent?.FullName ?? "", "shared", "anovos", .. names]);
        Assert.SkipUnless(Path.Exists(path), "the shared material is not next to the repository");
        return path;
    }
}
