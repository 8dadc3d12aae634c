using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Fifty sound files with anchors, merges, comments, other spellings, and cluster paths. None may have a finding.</summary>
public class SoundFileTests
{
    private static readonly string[] Roots =
    [
        "data", "./data", "/mnt/data", "dbfs:/FileStore/data", "s3://bucket/data", "s3a://bucket/data", "gs://bucket/data",
            "hdfs://name:8020/data",
        "wasbs://container@account.blob.core.windows.net/data", "abfss://container@account.dfs.core.windows.net/data",
    ];

    /// <summary>The numbers of the files.</summary>
    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, 50)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void A_sound_file_has_no_alarm(int number)
    {
        foreach (string? runType in new[] { null, "local", "databricks", "emr", "ak8s" })
        {
            IReadOnlyList<ConfigDiagnostic> found = Workflows.Check(File(number), new WorkflowCheckOptions { RunType = runType });
            Assert.Equal([], found.Where(item => item.Severity != DiagnosticSeverity.Information).Select(item => $"{item.Rule} {item}"));
        }
    }

    [Fact]
    public void The_files_differ() => Assert.Equal(50, Enumerable.Range(0, 50).Select(File).Distinct().Count());

    /// <summary>Returns one of the files: ten root paths, each written in five ways.</summary>
    internal static string File(int number)
    {
        string root = Roots[number % 10];
        string yaml = (number / 10) switch
        {
            0 => Anchors,
            1 => Merges,
            2 => Comments,
            3 => Spellings,
            _ => Basic,
        };
        return yaml.Replace("ROOT", root);
    }

    private const string Anchors = """
        x-common: {csv: &csv {header: True, delimiter: ',', inferSchema: True}, drop: &drop [id]}
        input_dataset: &input
          read_dataset: {file_path: ROOT/a, file_type: csv, file_configs: *csv}
          rename_column: {list_of_cols: a-b, list_of_newcols: a_b}
        concatenate_dataset:
          method: index
          more: *input
        stats_generator:
          metric: &metrics [global_summary, measures_of_counts, measures_of_centralTendency, measures_of_cardinality]
          metric_args: &args {list_of_cols: all, drop_cols: *drop}
        quality_checker:
          duplicate_detection: {list_of_cols: all, treatment: false}
          IDness_detection: {list_of_cols: all, drop_cols: *drop, treatment: true, treatment_threshold: 0.8}
          nullColumns_detection: {treatment: true, treatment_method: column_removal, treatment_configs: {treatment_threshold: .5}}
        association_evaluator:
          variable_clustering: *args
          IV_calculation: {label_col: churn, event_label: 1, encoding_configs: {}}
        transformers:
          mine:
            z_standardization: &z {list_of_cols: all, drop_cols: *drop}
            normalization: *z
        write_intermediate: {file_path: ROOT/tmp, file_type: csv, file_configs: {mode: overwrite, header: True}}
        write_main: {file_path: ROOT/out, file_type: parquet, file_configs: {mode: append}}
        write_stats: {file_path: ROOT/stats, file_type: parquet, file_configs: {mode: overwrite}}
        """;

    private const string Merges = """
        x-defaults:
          read: &read
            file_type: parquet
            file_configs: {}
          write: &write
            file_type: parquet
            file_configs: &over {mode: overwrite}
          treat: &treat {treatment: True, treatment_threshold: 0.9}
        input_dataset:
          read_dataset:
            <<: *read
            file_path: ROOT/a
          delete_column: a|b
        join_dataset:
          join_cols: [id, day]
          join_type: left_outer
          orders:
            read_dataset: {<<: *read, file_path: [ROOT/b, ROOT/c]}
            select_column: [id, day, total]
        quality_checker:
          nullRows_detection: {<<: *treat, list_of_cols: all}
          biasedness_detection:
            <<: *treat
            treatment_threshold: 1
        drift_detector:
          drift_statistics: null
          stability_index:
            configs: {metric_weightages: {mean: 0.333, stddev: 0.333, kurtosis: 0.334}, threshold: 0, existing_metric_path: ''}
            first: {read_dataset: {<<: *read, file_path: ROOT/1}}
            second: {read_dataset: {<<: *read, file_path: ROOT/2}}
        report_preprocessing: {master_path: ROOT/report}
        transformers:
          categorical_encoding:
            cat_to_num_unsupervised: {list_of_cols: all, method_type: label_encoding, cardinality_threshold: null}
          numerical_binning:
        write_intermediate: {<<: *write, file_path: ROOT/tmp}
        write_main: {<<: *write, file_path: ROOT/out, column_order: []}
        """;

    private const string Comments = """
        %YAML 1.1
        ---
        # The workflow of the team, as agreed.
        input_dataset:   # what comes in
          read_dataset:
            # the lake's path
            file_path: >-
              ROOT/a
            file_type: csv # with a header
            file_configs:
              header: "true"
              sep: "\t"
              quote: "'"
              nullValue: NA
              multiLine: true
              maxColumns: 20000
          recast_column:
            list_of_cols: |-
              age|amount
            list_of_dtypes: "float|decimal(10,2)"
        # stats_genrator: a comment is no block
        stats_generator:
          metric:
          - measures_of_counts   # only this
          metric_args: {}
        x-owner: {team: data, mail: 'data@example.com'}
        transformers:
          # numerical_binning:
          #   attribute_bining:
          numerical_mathops:
            feature_transformation: {list_of_cols: amount, method_type: toPowerN, N: 0.5}
            boxcox_transformation: {list_of_cols: age|amount, boxcox_lambda: [0.5, 1]}
          numerical_imputation:
            imputation_MMM: # the defaults
              method_type: mean
        write_intermediate: {file_path: ROOT/tmp, file_type: Parquet, file_configs: {mode: Overwrite}}
        write_main: {file_path: ROOT/out, file_type: delta, file_configs: {mode: overwrite, repartition: "4", mergeSchema: true}}
        write_stats: {file_path: ROOT/stats, file_type: orc, file_configs: {mode: ignore}}
        ...
        """;

    private const string Spellings = """
        input_dataset: {read_dataset: {file_path: ROOT/a, file_type: JSON}}
        stats_generator: {metric: [measures_of_cardinality], metric_args: {use_approx_unique_count: on, rsd: 0.05}}
        quality_checker:
          duplicate_detection: {treatment: yes}
          nullRows_detection: {treatment: 'True', treatment_threshold: '0.5'}
          IDness_detection: {treatment: OFF}
          invalidEntries_detection: {detection_type: manual, invalid_entries: ['^[0-9]+$', ':'], valid_entries: [], treatment: no}
          outlier_detection:
            detection_side: both
            detection_configs: {IQR_lower: 1.5, IQR_upper: 1.5}
            treatment: True
            treatment_method: null_replacement
        drift_detector:
          drift_statistics:
            configs: {method_type: [PSI, KS], threshold: 1_0, bin_size: 0xA, pre_existing_source: ~, sample_size: 1.0e+5}
            source_dataset: {read_dataset: {file_path: ROOT/b, file_type: json}}
        transformers:
          any name:
            outlier_categories: {coverage: 1, max_category: 2}
            expression_parser: {list_of_expr: ["a + b"]}
            cat_to_num_supervised: {label_col: a, event_label: 1.5, persist: no}
        timeseries_analyzer: {auto_detection: yes, id_col: id, tz_offset: UTC, inspection: no}
        report_preprocessing: {master_path: ROOT/report}
        write_intermediate: {file_path: ROOT/tmp, file_type: csv, file_configs: {mode: overwrite}}
        write_main: {file_path: ROOT/out, file_type: csv, file_configs: {mode: overwrite}}
        write_stats: {}
        """;

    private const string Basic = """
        input_dataset:
          read_dataset: {file_path: "ROOT/a", file_type: avro}
        anovos_basic_report:
          basic_report: True
          report_args: {id_col: id, label_col: churn, event_label: 'yes', output_path: report, print_impact: False}
        stats_generator: {metric: [global_summary], metric_args: {drop_cols: [id]}}
        report_preprocessing: {master_path: ROOT/report}
        mlflow:
          experiment: /Shared/churn
          tracking_uri: databricks
          track_output: True
          track_reports: True
          track_intermediates: False
        write_main: {file_path: ROOT/out, file_type: parquet, file_configs: {mode: overwrite}}
        """;
}
