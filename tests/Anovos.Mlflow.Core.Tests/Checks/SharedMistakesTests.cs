using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Files that the real Anovos was run with: files that fail there have an error here, and files that succeed have none.</summary>
public class SharedMistakesTests
{
    /// <summary>A file, and the findings about it without data.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "00_good", "" },
        { "01_step_misspelt", "W block-unknown" },
        { "02_arg_misspelt", "E key-unknown" },
        { "03_treatment_string", "E value-type" },
        { "04_threshold_text", "E value-type" },
        { "05_threshold_range", "E value-range" },
        { "06_metric_unknown", "E metric-unknown" },
        { "07_metric_scalar", "E value-type" },
        { "08_file_type_cvs", "E value-choice" },
        { "10_write_main_no_path", "E key-missing" },
        { "11_write_main_cvs", "E value-choice" },
        { "14_check_misspelt", "E step-unknown" },
        { "15_transformer_misspelt", "E step-unknown" },
        { "16_group_misspelt", "I group-unknown" },
        { "17_ingest_misspelt", "E step-unknown" },
        { "18_no_input", "E block-missing" },
        { "20_no_write_intermediate", "E write-missing|E write-missing" },
        { "24_mlflow_experiment_name", "E key-missing|W key-unknown" },
        { "25_mlflow_track_intermediate", "E tracking-key-missing|W key-unknown" },
        { "27_yaml_tab", "E yaml" },
        { "28_empty_file", "E file-empty" },
        { "29_no_master_path", "E key-missing|E statistic-missing" },
        { "30_bin_method", "E value-choice" },
        { "32_treatment_true_text", "" },
        { "39_no_mode", "W write-mode" },
        { "40_mlflow_list", "W tracking-idle" },
        { "41_mlflow_extra", "W key-unknown" },
        { "43_step_null", "E block-null" },
        { "46_note_list", "E block-unknown" },
        { "47_note_map", "" },
        { "49_check_null", "" },
        { "50_group_null", "" },
        { "51_mlflow_null", "E block-null" },
        { "52_mlflow_false_flags", "" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_has_its_findings(string name, string findings) =>
        Assert.Equal(findings, string.Join("|", Check("mistakes",
            name + ".yaml").Select(item => $"{item.Severity.ToString()[0]} {item.Rule}")));

    [Fact]
    public void Every_run_that_failed_by_its_file_has_an_error_and_every_other_none()
    {
        string folder = Folder("real");

        // These failed because of the environment, the data, or existing files.
        string[] otherwise = ["d_bad_column", "f2_join_other_experiment", "j_report_only_tracked"];
        foreach (string run in Directory.GetDirectories(folder).Where(run => File.Exists(Path.Combine(run, "run.json"))))
        {
            string name = Path.GetFileName(run);
            bool failed = !File.ReadAllText(Path.Combine(run, "run.json")).Contains("\"rc\": 0");
            ConfigDiagnostic[] errors = [.. Check("real", name, "config.yaml").Where(item => item.IsError)];
            if (!otherwise.Contains(name))
                Assert.True(failed == errors.Length > 0,
                    $"{name} {(failed ? "failed" : "ended well")}: {string.Join("\n", errors.Select(item => item.ToString()))}");
        }
    }

    [Fact]
    public void Files_that_end_well_have_no_warning_of_anything_but_flags_that_track_nothing()
    {
        string[] files = [.. EndedWell(), .. Directory.GetFiles(Folder("configs"), "*.yaml")];
        Assert.Equal([], files.SelectMany(file => WorkflowCheck.Run(file, new WorkflowCheckOptions()))
            .Where(item => item.Severity != DiagnosticSeverity.Information
                && item.Rule != "tracking-idle").Select(item => item.ToString()));
    }

    /// <summary>Returns the files of the real runs that succeeded.</summary>
    internal static string[] EndedWell()
    {
        string[] runs = [.. Directory.GetDirectories(Folder("real")).Where(run => File.Exists(Path.Combine(run, "run.json"))
            && File.ReadAllText(Path.Combine(run, "run.json")).Contains("\"rc\": 0"))];
        Assert.NotEmpty(runs);
        return [.. runs.Select(run => Path.Combine(run, "config.yaml"))];
    }

    private static IReadOnlyList<ConfigDiagnostic> Check(params string[] names) =>
        WorkflowCheck.Run(Path.Combine([Folder(names[0]), .. names.Skip(1)]), new WorkflowCheckOptions());

    /// <summary>Returns a folder of the shared facts about Anovos; skips the test if there is none.</summary>
    internal static string Folder(string name)
    {
        string? folder = SharedMaterial.Repository() is { } root ? Path.GetFullPath(Path.Combine(root, "..", "shared", "anovos",
            name)) : null;
        if (folder is null || (!Directory.Exists(folder) && !File.Exists(folder)))
            Assert.Skip($"There is no shared/anovos/{name} next to the repository.");
        return folder;
    }
}
