using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public class AnovosPlanTests
{
    private const string RunId = "0123456789abcdef0123456789abcdef";
    private const string Blocks = """
        write_main: {file_path: output/}
        write_intermediate: {file_path: tmp}
        write_stats: {file_path: stats}

        """;
    private const string Master = "report_preprocessing: {master_path: ./report_stats/, charts_to_objects: {a: 1}}\n";

    private static readonly string Base = Path.GetFullPath(Path.Combine(Path.DirectorySeparatorChar.ToString(), "work"));

    /// <summary>
    /// The table of shared/anovos/README.md, corrected by differences.md: YAML, kind, step, path, path with the run id, artifact path,
    /// whether it is a file.
    /// </summary>
    public static TheoryData<string, OutputKind, string, string, string, string, bool> Table => new()
    {
        { "", OutputKind.Output, "write_main", "output/final_dataset", "output/final_dataset/RUN", "final_dataset", false },
        { "concatenate_dataset: {a: 1}", OutputKind.Intermediate, "concatenate_dataset", "tmp/data_ingest/concatenate_dataset", "tmp/data_ingest/concatenate_dataset/RUN", "data_ingest/concatenate_dataset", false },
        { "join_dataset: {a: 1}", OutputKind.Intermediate, "join_dataset", "tmp/data_ingest/join_dataset", "tmp/data_ingest/join_dataset/RUN", "data_ingest/join_dataset", false },
        { "quality_checker: {IDness_detection: {a: 1}}", OutputKind.Intermediate, "quality_checker.IDness_detection", "tmp/data_analyzer/quality_checker/IDness_detection/dataset", "tmp/data_analyzer/quality_checker/IDness_detection/dataset/RUN", "data_analyzer/quality_checker/IDness_detection/dataset", false },
        { "transformers: {categorical_outliers: {outlier_categories: {a: 1}}}", OutputKind.Intermediate, "transformers.categorical_outliers.outlier_categories", "tmp/data_transformer/transformers/outlier_categories", "tmp/data_transformer/transformers/outlier_categories/RUN", "data_transformer/transformers/outlier_categories", false },
        { "stats_generator: {metric: [global_summary]}", OutputKind.Statistic, "stats_generator.global_summary", "stats/data_analyzer/stats_generator/global_summary", "stats/data_analyzer/stats_generator/global_summary/RUN", "data_analyzer/stats_generator/global_summary", false },
        { "quality_checker: {IDness_detection: {a: 1}}", OutputKind.Statistic, "quality_checker.IDness_detection", "stats/data_analyzer/quality_checker/IDness_detection", "stats/data_analyzer/quality_checker/IDness_detection/RUN", "data_analyzer/quality_checker/IDness_detection", false },
        { "association_evaluator: {IV_calculation: {a: 1}}", OutputKind.Statistic, "association_evaluator.IV_calculation", "stats/data_analyzer/association_evaluator/IV_calculation", "stats/data_analyzer/association_evaluator/IV_calculation/RUN", "data_analyzer/association_evaluator/IV_calculation", false },
        { "drift_detector: {drift_statistics: {a: 1}}", OutputKind.Statistic, "drift_detector.drift_statistics", "stats/drift_detector/drift_statistics", "stats/drift_detector/drift_statistics/RUN", "drift_detector/drift_statistics", false },
        { "drift_detector: {stability_index: {a: 1}}", OutputKind.Statistic, "drift_detector.stability_index", "stats/drift_detector/stability_index", "stats/drift_detector/stability_index/RUN", "drift_detector/stability_index", false },
        { "stats_generator: {metric: [global_summary]}\n" + Master, OutputKind.Statistic, "stats_generator.global_summary", "report_stats/global_summary.csv", "report_stats/RUN/global_summary.csv", "report_stats", true },
        { "quality_checker: {IDness_detection: {a: 1}}\n" + Master, OutputKind.Statistic, "quality_checker.IDness_detection",
            "report_stats/IDness_detection.csv", "report_stats/IDness_detection.csv", "report_stats", true },
        { "association_evaluator: {IV_calculation: {a: 1}}\n" + Master, OutputKind.Statistic, "association_evaluator.IV_calculation",
            "report_stats/IV_calculation.csv", "report_stats/IV_calculation.csv", "report_stats", true },
        { "drift_detector: {stability_index: {a: 1}}\n" + Master, OutputKind.Statistic, "drift_detector.stability_index",
            "report_stats/stability_index.csv", "report_stats/stability_index.csv", "report_stats", true },
        { Master, OutputKind.Report, "report_preprocessing.charts_to_objects", "report_stats", "report_stats", "report_stats", false },
        { "timeseries_analyzer: {inspection: True}\n" + Master, OutputKind.Statistic, "timeseries_analyzer", "report_stats", "report_stats", "report_stats", false },
        { "geospatial_controller: {geospatial_analyzer: {auto_detection_analyzer: True}}\n" + Master, OutputKind.Statistic, "geospatial_controller", "report_stats", "report_stats", "report_stats", false },
        { "report_generation: {final_report_path: reports/final}", OutputKind.Report, "report_generation", "reports/final/ml_anovos_report.html", "reports/final/RUN/ml_anovos_report.html", "final", true },
        { "anovos_basic_report: {basic_report: True, report_args: {output_path: ./reports/basic/}}", OutputKind.Report, "anovos_basic_report", "reports/basic", "reports/basic/RUN", "reports/basic", false },
        { "write_feast_features: {file_path: features}", OutputKind.Output, "write_feast_features", "features/anovos.py", "features/anovos.py", "feature_store", true },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void A_step_writes_where_the_table_says(string yaml, OutputKind kind, string step, string path, string runPath,
        string artifactPath, bool isFile)
    {
        AnovosOutput row = Row($"{yaml}\n{Blocks}{Sample.Tracking}", kind, step, RunId);
        Assert.Equal(Full(path), row.Path);
        Assert.Equal(Full(runPath.Replace("RUN", RunId, StringComparison.Ordinal)), row.RunPath);
        Assert.Equal((artifactPath, isFile, !isFile, false), (row.ArtifactPath, row.IsFile, row.IsDirectory, row.IsRemote));

        string flag = kind switch
        {
            OutputKind.Output => "track_output",
            OutputKind.Intermediate => "track_intermediates",
            _ => "track_reports"
        };
        Assert.Equal((true, flag + " is on"), (row.Tracked, row.Reason));
        AnovosOutput off = Row($"{yaml}\n{Blocks}{Sample.Tracking.Replace(flag + ": True", flag + ": no", StringComparison.Ordinal)}", kind,
            step);
        Assert.Equal((false, flag + " is off"), (off.Tracked, off.Reason));
        Assert.Null(off.RunPath);
    }

    [Theory]
    [InlineData("join_dataset:", "join_dataset")]
    [InlineData("stats_generator: ~", "stats_generator")]
    [InlineData("quality_checker: {IDness_detection: }", "quality_checker.IDness_detection")]
    [InlineData("transformers: {numerical_latentFeatures: }", "transformers.numerical_latentFeatures")]
    [InlineData("transformers: {a: {b: }}", "transformers.a.b")]
    [InlineData("report_generation:", "report_generation")]
    [InlineData("timeseries_analyzer:", "timeseries_analyzer")]
    [InlineData("write_main:", "write_main")]
    public void A_step_that_is_null_is_listed_and_not_tracked(string yaml, string step) =>
        Assert.All(Rows(yaml + "\n" + Sample.Tracking, step), row => NotWritten(row, "the step is null and does not run"));

    [Theory]
    [InlineData("join_dataset: {a: 1}", "join_dataset", "write_intermediate")]
    [InlineData("transformers: {a: {b: {c: 1}}}\nwrite_intermediate: {}", "transformers.a.b", "write_intermediate")]
    [InlineData("stats_generator: {metric: [global_summary]}", "stats_generator.global_summary", "write_stats")]
    [InlineData("write_main: {}", "write_main", "write_main")]
    public void Without_a_block_that_says_where_nothing_is_written(string yaml, string step, string block) =>
        NotWritten(Assert.Single(Rows(yaml + "\n" + Sample.Tracking, step)), $"no {block} block: nothing is written");

    [Fact]
    public void The_basic_report_replaces_what_Anovos_then_skips()
    {
        AnovosPlan plan = Plan("""
            join_dataset: {a: 1}
            timeseries_analyzer: {auto_detection: True}
            anovos_basic_report: {basic_report: True, report_args: {output_path: report_stats}}
            stats_generator: {metric: [global_summary]}
            quality_checker: {duplicate_detection: {a: 1}}
            association_evaluator: {IV_calculation: {a: 1}}
            drift_detector: {drift_statistics: {a: 1}}
            transformers: {a: {b: {c: 1}}}
            report_preprocessing: {master_path: m, charts_to_objects: {a: 1}}
            report_generation: {final_report_path: m}

            """ + Blocks + Sample.Tracking);
        Assert.Equal(
            ["join_dataset", "timeseries_analyzer", "anovos_basic_report", "write_main"],
            plan.Outputs.Where(row => row.Tracked).Select(row => row.Step));
        Assert.All(plan.Outputs.Where(row => !row.Tracked), row => NotWritten(row, "the basic report replaces this step"));
        Assert.Equal(8, plan.Outputs.Count(row => !row.Tracked));
    }

    [Theory]
    [InlineData("timeseries_analyzer: {auto_detection: no, inspection: no}\n" + Master, "timeseries_analyzer", "auto_detection and inspection are off: the step writes nothing")]
    [InlineData("geospatial_controller: {geospatial_analyzer: {auto_detection_analyzer: no}}\n" + Master, "geospatial_controller", "auto_detection_analyzer is off: the step writes nothing")]
    [InlineData("timeseries_analyzer: {inspection: yes}", "timeseries_analyzer", "no report_preprocessing.master_path: the step writes to the working directory, among other files")]
    [InlineData("anovos_basic_report: {basic_report: no, report_args: {output_path: x}}", "anovos_basic_report", "basic_report is off: the step does not run")]
    [InlineData("anovos_basic_report: {basic_report: yes}", "anovos_basic_report", "no report_args.output_path: the report is written to the working directory, among other files")]
    [InlineData("anovos_basic_report: {basic_report: yes, report_args: {output_path: ../}}", "anovos_basic_report", "the folder is or contains the working directory, so outputs cannot be distinguished from other files there")]
    [InlineData("quality_checker: {../../x: {a: 1}}\n" + Blocks, "quality_checker.../../x", "the step's name cannot be the name of an Anovos function")]
    public void What_cannot_be_tracked_says_why(string yaml, string step, string reason) =>
        Assert.All(Rows(yaml + "\n" + Sample.Tracking, step), row => NotWritten(row, reason));

    [Fact]
    public void Without_the_mlflow_block_nothing_is_tracked()
    {
        AnovosOutput row = Row(Blocks, OutputKind.Output, "write_main");
        Assert.Equal((false, "the workflow has no mlflow block"), (row.Tracked, row.Reason));
        Assert.NotNull(row.Path);
    }

    [Fact]
    public void Patterns_select_among_the_intermediates()
    {
        AnovosPlan plan = Plan("""
            join_dataset: {a: 1}
            transformers: {a: {b: {c: 1}}}
            mlflow: {track_intermediates: ["data_transformer/*"]}

            """ + Blocks);
        Assert.Equal(
            [(false, "track_intermediates selects other outputs"), (true, "track_intermediates selects 'data_transformer/*'")],
            plan.Outputs.Where(row => row.Kind == OutputKind.Intermediate).Select(row => (row.Tracked, row.Reason)));
    }

    [Fact]
    public void Rows_stand_in_the_order_of_the_file_and_the_final_dataset_last()
    {
        AnovosPlan plan = Plan(Blocks + "stats_generator: {metric: [b, a, b]}\nquality_checker: {z: {a: 1}}\njoin_dataset: {a: 1}\n");
        Assert.Equal(
            ["stats_generator.b", "stats_generator.a", "quality_checker.z", "quality_checker.z", "join_dataset", "write_main"],
            plan.Outputs.Select(row => row.Step));
    }

    [Fact]
    public void With_a_master_path_the_metrics_behind_the_stability_index_are_a_table_too()
    {
        string yaml = "drift_detector: {stability_index: {configs: {appended_metric_path: si_metrics}}}\n";
        Assert.Equal(
            [Full("report_stats/stability_index.csv"), Full("report_stats/stabilityIndex_metrics.csv")],
            Rows(yaml + Master, "drift_detector.stability_index").Select(row => row.Path));
        Assert.Single(Rows(yaml + Blocks, "drift_detector.stability_index"));
    }

    [Theory]
    [InlineData("drift_detector: {drift_statistics: {configs: {source_path: NA}}}",
        "drift_detector.drift_statistics.source_path", "intermediate_data/drift_statistics")]
    [InlineData("drift_detector: {drift_statistics: {configs: {source_path: kept}}}",
        "drift_detector.drift_statistics.source_path", "kept/drift_statistics")]
    [InlineData("transformers: {a: {cat_to_num_supervised: {a: 1}}}",
        "transformers.a.cat_to_num_supervised.model_path", "intermediate_data/cat_to_num_supervised")]
    [InlineData("transformers: {a: {auto_imputation: {a: 1}}}",
        "transformers.a.auto_imputation.intermediate_data", "intermediate_data/imputation_comparison")]
    [InlineData(Master, "report_preprocessing.charts_to_objects.source_path", "intermediate_data/charts_to_objects")]
    [InlineData("drift_detector: {stability_index: {configs: {appended_metric_path: si_metrics}}}",
        "drift_detector.stability_index.appended_metric_path", "si_metrics")]
    public void What_a_step_keeps_for_a_later_workflow_is_an_intermediate_and_in_no_folder_of_the_run(
        string yaml, string step, string path)
    {
        AnovosOutput row = Row($"{yaml}\n{Sample.Tracking}", OutputKind.Intermediate, step, RunId);
        Assert.Equal((Full(path), Full(path), path, true), (row.Path, row.RunPath, row.ArtifactPath, row.Tracked));
    }

    [Theory]
    [InlineData("drift_detector: {drift_statistics: {configs: {pre_existing_source: True, source_path: kept}}}")]
    [InlineData("transformers: {a: {cat_to_num_supervised: {pre_existing_model: True}}}")]
    public void A_step_that_uses_what_an_earlier_one_kept_keeps_nothing(string yaml) =>
        Assert.DoesNotContain(Plan(yaml + "\n" + Sample.Tracking).Outputs, row => row.Step.EndsWith("_path", StringComparison.Ordinal));

    [Fact]
    public void Only_tracked_reports_are_in_a_folder_of_the_run()
    {
        string yaml = "stats_generator: {metric: [m]}\nreport_generation: {final_report_path: report_stats}\n" + Master;
        string off = Sample.Tracking.Replace("track_reports: True", "track_reports: False", StringComparison.Ordinal);
        Assert.All(Plan(yaml + off, RunId).Outputs, row => Assert.Equal(row.Path, row.RunPath));
    }

    [Fact]
    public void A_run_id_that_is_none_is_refused()
    {
        var error = Assert.Throws<MlflowException>(() => AnovosPlan.Of(Sample.Read(Blocks), Base, "../x"));
        Assert.Equal(ErrorKind.InvalidValue, error.Kind);
    }

    private static void NotWritten(AnovosOutput row, string reason) =>
        Assert.Equal((null, null, false, reason), (row.Path, row.RunPath, row.Tracked, row.Reason));

    private static string Full(string path) => Path.GetFullPath(Path.Combine(Base, path));

    private static AnovosPlan Plan(string yaml, string? runId = null) => AnovosPlan.Of(Sample.Read(yaml), Base, runId);

    private static List<AnovosOutput> Rows(string yaml, string step)
    {
        List<AnovosOutput> rows = Plan(yaml).Outputs.Where(row => row.Step == step).ToList();
        Assert.NotEmpty(rows);
        return rows;
    }

    private static AnovosOutput Row(string yaml, OutputKind kind, string step, string? runId = null) =>
        Assert.Single(Plan(yaml, runId).Outputs, row => row.Kind == kind && row.Step == step);
}
