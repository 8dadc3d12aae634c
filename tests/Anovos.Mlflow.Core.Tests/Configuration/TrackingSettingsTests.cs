using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public class TrackingSettingsTests
{
    [Fact]
    public void The_block_is_read_as_it_stands()
    {
        TrackingSettings tracking = Sample.Read("""
            mlflow:
              experiment: "Anovos"
              tracking_uri: "http://127.0.0.1:8889"
              track_output: True
              track_reports: yes
              track_intermediates: off
            """).Tracking!;
        Assert.Equal(("Anovos", "http://127.0.0.1:8889"), (tracking.Experiment, tracking.TrackingUri));
        Assert.Equal((true, true, false), (tracking.TrackOutput, tracking.TrackReports, tracking.TrackIntermediates));
    }

    [Theory]
    [InlineData("a: 1\n")]
    [InlineData("mlflow:\n")]
    [InlineData("mlflow: null\n")]
    public void Without_the_block_nothing_is_tracked(string yaml) => Assert.Null(Sample.Read(yaml).Tracking);

    [Fact]
    public void A_missing_flag_is_off_and_noted()
    {
        AnovosConfig config = Sample.Read("mlflow:\n  experiment: x\n  track_reports:\n");
        Assert.False(config.Tracking!.TrackOutput || config.Tracking.TrackReports || config.Tracking.TrackIntermediates);
        Assert.Equal(["mlflow.track_intermediates", "mlflow.track_output", "mlflow.track_reports"],
            config.Notes.Select(note => note.Key).Order());
        Assert.Empty(config.Warnings);
    }

    [Theory]
    [InlineData("\"True\"", "the text 'True'")]
    [InlineData("1", "the number 1")]
    [InlineData("y", "the text 'y'")]
    [InlineData("[True]", "a list")]
    [InlineData("{}", "a mapping")]
    public void A_flag_that_is_no_boolean_is_an_error(string value, string part)
    {
        var error = Assert.Throws<MlflowException>(() => Sample.Read($"mlflow:\n  track_output: {value}\n"));
        Assert.StartsWith("workflow.yaml:2:17: 'track_output' is " + part, error.Message);
        Assert.Contains("True or False without quotes", error.Message);
    }

    [Theory]
    [InlineData("12")]
    [InlineData("[a]")]
    [InlineData("True")]
    public void A_tracking_uri_that_is_no_text_is_an_error(string value) =>
        Assert.Contains("'tracking_uri' is",
            Assert.Throws<MlflowException>(() => Sample.Read($"mlflow:\n  tracking_uri: {value}\n")).Message);

    [Fact]
    public void The_names_of_the_prose_are_taken_with_a_warning()
    {
        AnovosConfig config = Sample.Read(
            "mlflow: {experiment_name: x, track_output: no, track_reports: no, track_intermediate: yes}\n" +
            "join_dataset: {a: 1}\nwrite_intermediate: {file_path: i}\n");
        Assert.Equal(("x", true), (config.Tracking!.Experiment, config.Tracking.TrackIntermediates));
        Assert.Equal(["Write 'experiment'.", "Write 'track_intermediates'."], config.Warnings.Select(warning => warning.Advice));
    }

    [Fact]
    public void Where_both_names_stand_the_right_one_counts()
    {
        AnovosConfig config = Sample.Read("mlflow: {experiment_name: wrong, experiment: right}\n");
        Assert.Equal("right", config.Tracking!.Experiment);
        Assert.Contains("'experiment' is here too", Assert.Single(config.Warnings).Message);
    }

    [Theory]
    [InlineData("track_report", "Did you mean 'track_reports'?")]
    [InlineData("tracking_url", "Did you mean 'tracking_uri'?")]
    [InlineData("Track-Output", "Did you mean 'track_output'?")]
    [InlineData("artifact_store", "It knows experiment, tracking_uri")]
    public void An_unknown_key_is_a_warning_with_the_nearest_known_one(string key, string advice)
    {
        ConfigDiagnostic warning = Assert.Single(Sample.Read($"mlflow:\n  experiment: x\n  {key}: y\n").Warnings);
        Assert.Equal((3, 3), (warning.Line, warning.Column));
        Assert.StartsWith(advice, warning.Advice);
    }

    [Theory]
    [InlineData("mlflow: {}\n")]
    [InlineData("mlflow: {experiment: }\n")]
    [InlineData("mlflow: {experiment: ' '}\n")]
    public void A_missing_experiment_is_a_warning(string yaml) =>
        Assert.Equal("mlflow.experiment", Assert.Single(Sample.Read(yaml).Warnings).Key);

    [Fact]
    public void Intermediates_can_be_selected_by_patterns()
    {
        TrackingSettings tracking = Sample.Read("mlflow:\n  track_intermediates: [\"data_transformer/*\", data_ingest/join_dataset]\n").Tracking!;
        Assert.True(tracking.TrackIntermediates);
        Assert.Equal(["data_transformer/*", "data_ingest/join_dataset"],
            tracking.IntermediatePatterns.Select(pattern => pattern.ToString()));
    }

    [Fact]
    public void An_empty_list_of_patterns_is_off() =>
        Assert.False(Sample.Read("mlflow: {track_intermediates: []}\n").Tracking!.TrackIntermediates);

    [Theory]
    [InlineData("/abs/*", "absolute")]
    [InlineData("s3://b/x", "absolute")]
    [InlineData("a/../b", "'..'")]
    [InlineData("''", "empty")]
    [InlineData("./", "empty")]
    [InlineData("12", "the number 12")]
    [InlineData("[a]", "a list")]
    public void A_pattern_that_can_select_nothing_is_an_error_at_its_place(string pattern, string part)
    {
        var error = Assert.Throws<MlflowException>(() => Sample.Read($"mlflow:\n  track_intermediates:\n  - a\n  - {pattern}\n"));
        Assert.StartsWith("workflow.yaml:4:5: ", error.Message);
        Assert.Contains(part, error.Message);
    }

    [Fact]
    public void The_number_of_patterns_is_bounded() =>
        Assert.Contains("101 patterns", Assert.Throws<MlflowException>(() =>
            Sample.Read($"mlflow: {{track_intermediates: [{string.Join(",", Enumerable.Repeat("a", 101))}]}}\n")).Message);

    [Theory]
    [InlineData(OutputKind.Output, true, "track_output is on")]
    [InlineData(OutputKind.Report, false, "track_reports is off")]
    [InlineData(OutputKind.Statistic, false, "track_reports is off")]
    [InlineData(OutputKind.Intermediate, true, "track_intermediates selects 'data_transformer/*'")]
    public void Each_kind_obeys_its_flag(OutputKind kind, bool expected, string reason)
    {
        var tracking = new TrackingSettings
        {
            TrackOutput = true,
            TrackIntermediates = true,
            IntermediatePatterns = [ArtifactPattern.Parse("data_transformer/*")]
        };
        Assert.Equal(expected, tracking.Tracks(kind, "data_transformer/transformers/x", out string why));
        Assert.Equal(reason, why);
    }
}
