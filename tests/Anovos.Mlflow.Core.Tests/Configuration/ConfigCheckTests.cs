using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public class ConfigCheckTests
{
    private const string Sound = Sample.Tracking + """
        input_dataset: {read_dataset: {file_path: data}}
        join_dataset: {join_type: inner}
        stats_generator: {metric: [global_summary]}
        write_main: {file_path: output}
        write_intermediate: {file_path: intermediate_data}
        write_stats: {file_path: stats}

        """;

    [Fact]
    public void A_sound_file_gives_nothing() => Assert.Empty(Sample.Check(Sound));

    [Fact]
    public void A_syntax_error_is_one_diagnostic()
    {
        ConfigDiagnostic error = Assert.Single(Sample.Check("mlflow:\n  track_output: 'True\n"));
        Assert.Equal((DiagnosticSeverity.Error, 2, 17), (error.Severity, error.Line, error.Column));
    }

    [Fact]
    public void Every_problem_is_told_at_once_in_the_order_of_the_file()
    {
        IReadOnlyList<ConfigDiagnostic> found = Sample.Check("""
            write_main: {file_type: csv}
            quality_checker: [duplicate_detection]
            mlflow:
              experiment: x
              track_report: True
              track_output: 1
              track_reports: False
              track_intermediates: False
            """);
        Assert.Equal(["write_main.file_path", "quality_checker", "mlflow.track_report", "mlflow.track_output"],
            found.Select(item => item.Key));
        Assert.Equal("EEWE", string.Concat(found.Select(item => item.Severity.ToString()[0])));
        Assert.All(found, item => Assert.Equal(Sample.Path, item.Path));
    }

    [Theory]
    [InlineData("write_main: {file_type: csv}", "write_main.file_path")]
    [InlineData("write_intermediate: {file_type: csv}", "write_intermediate.file_path")]
    [InlineData("write_stats: {file_path: }", "write_stats.file_path")]
    [InlineData("write_stats: {file_path: 12}", "write_stats.file_path")]
    [InlineData("write_stats: {file_path: ''}", "write_stats.file_path")]
    [InlineData("write_stats: {file_path: \"a\\0b\"}", "write_stats.file_path")]
    [InlineData("write_feast_features: {entity: x}", "write_feast_features.file_path")]
    [InlineData("report_preprocessing: {charts_to_objects: {a: 1}}", "report_preprocessing.master_path")]
    [InlineData("report_preprocessing: {}", "report_preprocessing.master_path")]
    [InlineData("report_generation: {final_report_path: [a]}", "report_generation.final_report_path")]
    [InlineData("stats_generator: {metric: global_summary}", "stats_generator.metric")]
    [InlineData("stats_generator: {metric: [1]}", "stats_generator.metric")]
    [InlineData("transformers: {numerical_mathops: [a]}", "transformers.numerical_mathops")]
    [InlineData("drift_detector: yes", "drift_detector")]
    [InlineData("mlflow: yes", "mlflow")]
    public void What_Anovos_would_stop_at_is_an_error(string yaml, string key)
    {
        ConfigDiagnostic error = Assert.Single(Sample.Check(yaml + "\n"));
        Assert.Equal((DiagnosticSeverity.Error, key), (error.Severity, error.Key));
        Assert.NotEmpty(error.Advice);
    }

    [Theory]
    [InlineData("write_main: {}")]
    [InlineData("write_main:")]
    [InlineData("report_preprocessing:")]
    [InlineData("stats_generator: {metric: }")]
    public void What_Anovos_takes_for_absent_is_none(string yaml) => Assert.Empty(Sample.Check(yaml + "\n"));

    [Theory]
    [InlineData("quality_checker: {../x: {a: 1}}")]
    [InlineData("transformers: {group: {'a b': {a: 1}}}")]
    public void A_step_that_can_be_no_function_is_a_warning(string yaml) =>
        Assert.Equal(DiagnosticSeverity.Warning, Assert.Single(Sample.Check(yaml + "\n")).Severity);

    [Theory]
    [InlineData("write_main: {file_path: output}\n", "mlflow.track_output")]
    [InlineData("write_stats: {file_path: stats}\n", "mlflow.track_reports")]
    [InlineData("write_intermediate: {file_path: intermediate_data}\n", "mlflow.track_intermediates")]
    public void A_flag_that_has_nothing_to_track_is_a_warning(string without, string key)
    {
        ConfigDiagnostic warning = Assert.Single(Sample.Check(Sound.Replace(without, "", StringComparison.Ordinal)));
        Assert.Equal((DiagnosticSeverity.Warning, key), (warning.Severity, warning.Key));
    }

    [Fact]
    public void A_pattern_that_selects_nothing_is_a_warning_at_its_place()
    {
        ConfigDiagnostic warning = Assert.Single(Sample.Check(
            Sound.Replace("track_intermediates: True",
                "track_intermediates: [data_ingest, data_transformers/*]", StringComparison.Ordinal)));
        Assert.Equal((6, 38), (warning.Line, warning.Column));
        Assert.Contains("'data_transformers/*'", warning.Message);
        Assert.Contains("data_ingest/join_dataset", warning.Advice);
    }

    [Fact]
    public void Checking_and_loading_agree()
    {
        Assert.Empty(Sample.Check(Sound));
        Assert.Empty(Sample.Read(Sound).Warnings);
    }
}
