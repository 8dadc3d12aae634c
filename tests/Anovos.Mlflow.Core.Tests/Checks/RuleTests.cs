using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Tests a small sound workflow with one mistake: the checker reports it, and nothing else.</summary>
public class RuleTests
{
    /// <summary>A text in the small workflow, its replacement, and the findings.</summary>
    public static TheoryData<string, string, string> Faults => new()
    {
        // Blocks.
        { "stats_generator:", "stats_genrator:", "W block-unknown stats_genrator" },
        { "", "x-notes: {a: 1}", "" },
        { "", "notes: {a: 1}", "W block-unknown notes" },
        { "", "notes: [a]", "E block-unknown notes" },
        { "", "notes: text", "E block-unknown notes" },
        { "", "notes:", "E block-unknown notes" },
        { "", "drift_detector:", "E block-null drift_detector" },
        { "", "mlflow:", "E block-null mlflow" },
        { "", "drift_detector: [a]", "E block-not-mapping drift_detector" },
        { "input_dataset:", "x-input:", "E block-missing input_dataset" },
        { "", "cat_to_num_transformer: {list_of_cols: all, drop_cols: id, method_type: unsupervised, encoding: label_encoding, "
            + "label_col: , event_label: }", "I block-unused cat_to_num_transformer" },

        // Steps and keys.
        { "nullRows_detection:", "nullRow_detection:", "E step-unknown quality_checker.nullRow_detection" },
        { "delete_column:", "delete_colum:", "E step-unknown input_dataset.delete_colum" },
        { "attribute_binning:", "attribute_bining:", "E step-unknown transformers.numerical_binning.attribute_bining" },
        { "numerical_binning:", "numercal_binning:", "I group-unknown transformers.numercal_binning" },
        { "numerical_binning:", "my_steps:", "" },
        { "attribute_binning:", "monotonic_binning:", "E step-broken transformers.numerical_binning.monotonic_binning" },
        { "attribute_binning:", "uniqueCount_computation:", "W step-helper transformers.numerical_binning.uniqueCount_computation" },
        { "[global_summary]", "[measures_of_count]", "E metric-unknown stats_generator.metric" },
        { "[global_summary]", "global_summary", "E value-type stats_generator.metric" },
        { "treatment_threshold", "treatment_treshold", "E key-unknown quality_checker.nullRows_detection.treatment_treshold" },
        { "  metric: [global_summary]", "  metric: [global_summary]\n  metrics: []", "W key-unknown stats_generator.metrics" },
        { "treatment: True", "print_impact: True", "E key-set-by-workflow quality_checker.nullRows_detection.print_impact" },
        { "  file_path: output\n", "", "E key-missing write_main.file_path" },
        { "    file_type: csv\n    file_configs", "    file_configs", "E key-missing input_dataset.read_dataset.file_type" },
        { "delimiter: ',', inferSchema: True}\n  delete", "delimeter: ',', inferSchema: True}\n  delete",
            "W option-unknown input_dataset.read_dataset.file_configs.delimeter" },
        { "delimiter: ',', inferSchema: True}\n  delete", "mode: overwrite, inferSchema: True}\n  delete",
            "I option-useless input_dataset.read_dataset.file_configs.mode" },

        // Values.
        { "treatment: True", "treatment: yes please", "E value-type quality_checker.nullRows_detection.treatment" },
        { "treatment: True", "treatment: 'TRUE'", "" },
        { "treatment: True", "treatment: yes", "" },
        { "treatment: True", "treatment: 1", "E value-type quality_checker.nullRows_detection.treatment" },
        { "treatment: True", "treatment:", "E value-null quality_checker.nullRows_detection.treatment" },
        { "0.75", "7", "E value-range quality_checker.nullRows_detection.treatment_threshold" },
        { "0.75", "abc", "E value-type quality_checker.nullRows_detection.treatment_threshold" },
        { "0.75", "'0.75'", "" },
        { "0.75", "1e-1", "" },
        { "0.75", "on", "W value-type quality_checker.nullRows_detection.treatment_threshold" },
        { "bin_size: 10", "bin_size: 1", "E value-range transformers.numerical_binning.attribute_binning.bin_size" },
        { "bin_size: 10", "bin_size: 10.0", "E value-type transformers.numerical_binning.attribute_binning.bin_size" },
        { "bin_size: 10", "bin_size: 1e1", "E value-type transformers.numerical_binning.attribute_binning.bin_size" },
        { "bin_size: 10", "bin_size: 1_0", "" },
        { "bin_size: 10", "bin_size: 0xA", "" },
        { "equal_frequency", "equal_freq", "E value-choice transformers.numerical_binning.attribute_binning.method_type" },
        { "bin_dtype: numerical", "bin_dtype: numeric", "W value-choice transformers.numerical_binning.attribute_binning.bin_dtype" },
        { "bin_dtype: numerical", "pre_existing_model: 'False'",
            "W value-truth transformers.numerical_binning.attribute_binning.pre_existing_model" },
        { "file_type: parquet\n  file_configs: {mode: overwrite}\nwrite_stats",
            "file_type: cvs\n  file_configs: {mode: overwrite}\nwrite_stats", "E value-choice write_main.file_type" },
        { "list_of_dtypes: [float]", "list_of_dtypes: [str]", "E value-choice input_dataset.recast_column.list_of_dtypes" },
        { "list_of_dtypes: [float]", "list_of_dtypes: ['decimal(10, 2)']", "" },
        { "list_of_dtypes: [float]", "list_of_dtypes: [float, string]", "W list-length input_dataset.recast_column.list_of_dtypes" },
        { "drop_cols: [id]", "drop_cols:", "E value-null stats_generator.metric_args.drop_cols" },
        { "drop_cols: [id]", "drop_cols: 5", "E value-type stats_generator.metric_args.drop_cols" },
        { "list_of_cols: all\n    drop_cols: [id]", "list_of_cols: All\n    drop_cols: [id]",
            "W value-choice stats_generator.metric_args.list_of_cols" },
        { "list_of_cols: all\n    drop_cols: [id]", "list_of_cols: all\n    rsd: 0.1", "E key-unknown stats_generator.metric_args.rsd" },

        // Steps that need each other.
        { "write_intermediate:", "x-intermediate:", "E write-missing quality_checker|E write-missing transformers" },
        { "write_stats:", "x-stats:", "E write-missing stats_generator|E write-missing quality_checker" },
        { "write_main:", "x-main:", "I write-missing write_main" },
        { "parquet\n  file_configs: {mode: overwrite}\nwrite_stats", "parquet\nwrite_stats", "W write-mode write_main.file_configs.mode" },
        { "write_stats:\n", "write_stats:\n  column_order: [a]\n", "E write-key write_stats.column_order" },
        { "", "concatenate_dataset: {method: name, eth: {read_dataset: {file_path: a, file_type: csv}}}",
            "W dataset-skipped concatenate_dataset.eth" },
        { "", "concatenate_dataset: {dataset1: {read_dataset: {file_path: a, file_type: csv}}}",
            "E key-missing concatenate_dataset.method" },
        { "", "association_evaluator: {correlation_matrix: {list_of_cols: all}}",
            "E block-missing association_evaluator.correlation_matrix" },
        { "nullRows_detection:", "IDness_detection:", "E statistic-missing quality_checker.IDness_detection" },
        { "", "report_generation: {master_path: a, final_report_path: a}\ndrift_detector: {stability_index: {configs: {threshold: 2}}}",
            "W step-order drift_detector" },
        { "", "report_preprocessing: {master_path: a}\nreport_generation: {master_path: b}",
            "W report-incomplete report_generation.master_path" },
        { "", "report_preprocessing: {charts_to_objects: }", "E key-missing report_preprocessing.master_path" },
        { "", "write_feast_features: {file_path: a, entity: {name: a, id_col: a, description: a}, file_source: {timestamp_col: a, "
            + "create_timestamp_col: b, description: a, owner: a}, feature_view: {name: a, ttl_in_seconds: 1, owner: a}}",
            "E feast-settings write_feast_features" },
        { "attribute_binning:", "feature_transformation: {list_of_cols: age, method_type: powOfN}\n    attribute_binning:",
            "E value-combination transformers.numerical_binning.feature_transformation.N" },
        { "numerical_binning:", "other:\n    attribute_binning: {list_of_cols: age}\n  numerical_binning:",
            "W step-repeated transformers.numerical_binning.attribute_binning" },
        { "", "drift_detector: {drift_statistics: {configs: {pre_existing_source: True}, source_dataset: {read_dataset: "
            + "{file_path: a, file_type: csv}}}}", "E value-combination drift_detector.drift_statistics.configs.pre_existing_source" },
        { "", "drift_detector: {drift_statistics: {configs: {}, source_dataset: {read_dataset: {file_path: a, file_type: csv}}}}",
            "E key-missing drift_detector.drift_statistics.configs.pre_existing_source" },
        { "", "drift_detector: {stability_index: {configs: {metric_weightages: {mean: 0.5, stdev: 0.3, kurtosis: 0.2}}}}",
            "W key-unknown drift_detector.stability_index.configs.metric_weightages.stdev|E value-combination "
            + "drift_detector.stability_index.configs.metric_weightages" },
        { "", "geospatial_controller: {geospatial_analyzer: {auto_detection_analyzer: False}, geo_transformations: {country: US}}",
            "E value-combination geospatial_controller.geo_transformations" },
        { "nullRows_detection:", "duplicate_detection: {list_of_cols: all, drop_cols: [id]}\n  nullRows_detection:",
            "I column-dropped quality_checker.duplicate_detection.drop_cols" },
        { "nullRows_detection:",
            "invalidEntries_detection: {list_of_cols: all, detection_type: manual, invalid_entries: ['(']}\n  nullRows_detection:",
            "E pattern-invalid quality_checker.invalidEntries_detection.invalid_entries" },
        { "nullRows_detection:", "nullColumns_detection: {treatment: True, treatment_method: KNN}\n  nullRows_detection:",
            "E statistic-missing quality_checker.nullColumns_detection|E value-combination "
            + "quality_checker.nullColumns_detection.list_of_cols|W value-ignored quality_checker.nullColumns_detection.treatment_method" },
        { "stats_generator:\n  metric: [global_summary]\n  metric_args:\n    list_of_cols: all\n    drop_cols: [id]\n", "", "" },
        { "nullRows_detection:\n    list_of_cols: all\n    drop_cols: []\n    treatment: True\n    treatment_threshold: 0.75",
            "nullRows_detection:", "" },
    };

    /// <summary>The changed workflows without findings.</summary>
    internal static IEnumerable<string> Sound() => Faults.Select(row => row.Data).Where(row => row.Item3.Length == 0)
        .Select(row => Workflows.With(row.Item1.Replace("\r", ""), row.Item2));

    [Fact]
    public void The_sound_workflows_have_no_finding()
    {
        Assert.Equal([], Workflows.Short(Workflows.Check(Workflows.Small)));
        Assert.Equal([], Workflows.Short(Workflows.Check(Workflows.Full)));
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_fault_has_its_finding_and_no_other(string old, string text, string findings)
    {
        string[] found = Workflows.Short(Workflows.Check(Workflows.With(old.Replace("\r", ""), text)));
        string[] expected = findings.Length == 0 ? [] : findings.Split('|');

        // A step without its arguments has more mistakes than the one in question.
        if (old.EndsWith("_detection:", StringComparison.Ordinal) || old == "attribute_binning:")
            found = [.. found.Where(finding => expected.Contains(finding) || !finding.Contains(" key-"))];
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_finding_says_where_and_why_and_what_to_write()
    {
        ConfigDiagnostic found = Assert.Single(Workflows.Check(Workflows.With("treatment_threshold", "treatment_treshold")));
        Assert.Equal((DiagnosticSeverity.Error, "key-unknown", 23, 5), (found.Severity, found.Rule, found.Line, found.Column));
        Assert.Equal("Anovos stops at the step: TypeError: nullRows_detection() got an unexpected keyword argument 'treatment_treshold'.",
            found.Effect);
        Assert.Equal("Write 'treatment_threshold'.", found.Advice);
        Assert.Equal($"workflow.yaml:23:5: {found.Message} {found.Effect} {found.Advice}", found.ToString());
    }

    [Fact]
    public void With_the_basic_report_a_fault_in_a_step_that_it_replaces_is_a_warning()
    {
        const string Basic = "anovos_basic_report: {basic_report: True, report_args: {id_col: id}}";
        Assert.Equal(["W value-range quality_checker.nullRows_detection.treatment_threshold"],
            Workflows.Short(Workflows.Check(Workflows.With("0.75", "7") + Basic + "\n")));
    }

    [Fact]
    public void An_anchor_has_its_finding_once_and_a_merged_key_counts()
    {
        string yaml = Workflows.With("treatment_threshold: 0.75", "<<: *limits")
            + "x-limits: {}\n";
        yaml = "x-common: &limits {treatment_threshold: 7}\n" + yaml.Replace("x-limits: {}\n", "");
        ConfigDiagnostic found = Assert.Single(Workflows.Check(yaml));
        Assert.Equal(("value-range", 1), (found.Rule, found.Line));
    }

    [Theory]
    [InlineData(null, "In the run types local and databricks, Anovos")]
    [InlineData("local", "Anovos writes")]
    [InlineData("emr", null)]
    public void A_fault_of_some_run_types_names_them_or_is_left_out(string? runType, string? effect)
    {
        string yaml = Workflows.Small + "report_preprocessing: {master_path: a}\n"
            + "mlflow: {experiment: a, tracking_uri: a, track_output: True, track_reports: True, track_intermediates: True}\n";
        ConfigDiagnostic[] found = [.. Workflows.Check(yaml, new WorkflowCheckOptions { RunType = runType })];
        Assert.Equal(effect is null ? 0 : 1, found.Length);
        Assert.All(found, item => Assert.StartsWith(effect!, item.Effect));
        Assert.All(found, item => Assert.Equal(("tracking-crash", true), (item.Rule, item.IsError)));
    }
}
