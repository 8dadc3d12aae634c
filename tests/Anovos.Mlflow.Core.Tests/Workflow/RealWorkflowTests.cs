using System.Globalization;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Replays each real run of Anovos, and checks what is read from its output and what the run's description says.</summary>
public sealed class RealWorkflowTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [MemberData(nameof(Recording.Names), MemberType = typeof(Recording))]
    public async Task A_recording_has_the_timings_and_the_status_that_its_log_says(string name)
    {
        Recording recording = Recording.Of(name);
        (WorkflowResult result, Run run, List<LogLine> lines) = await Replay(recording);

        Assert.Equal((recording.ExitCode, recording.ExitCode == 0 ? RunStatus.Finished : RunStatus.Failed), (result.ExitCode, run.Status));

        // Read the log in another way: by its bytes, without lines and progress bars.
        (string Step, double Seconds)[] said =
        [
            .. Regex.Matches(recording.StandardError, @"main:\d+ - (?:(?<step>[^:\r\n]+): )?execution time [^=]*= ?(?<seconds>[\d.e-]+)")
                .Cast<Match>().Select(match => (
                    match.Groups["step"].Success ? match.Groups["step"].Value.Replace(", ", "/").Replace(' ', '_') : "without_report",
                    double.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture))),
        ];
        Assert.Equal(said, result.Timings.Where(step => step.Key is not (Timings.Total or Timings.FinalWrite))
            .Select(step => (step.Key[Timings.Prefix.Length..], step.Seconds)));
        Assert.All(result.Timings, step => Assert.Equal(step.Seconds, run.Metrics[step.Key]));
        Assert.Single(result.Timings, step => step.Key == Timings.Total);
        Assert.DoesNotContain(lines, line => line.Text.Contains("[Stage ") && line.Text.Contains(" | INFO"));

        int errors = Regex.Count(recording.StandardError, @"\d \| ERROR ");
        Assert.Equal(errors, result.LogErrors);
        string note = run.Tags[RunTags.Note];
        Assert.StartsWith($"**{run.Status}** after ", note, StringComparison.Ordinal);
        Assert.Equal(errors > 0, note.Contains("Its log has "));
        Assert.DoesNotContain("datapane.com", note);
    }

    [Theory]
    [InlineData("a1_full_mlflow", "stats_generator.global_summary", "pyspark.sql.utils.AnalysisException: Path does not exist: file:")]
    [InlineData("a2_mlflow_no_master", "quality_checker.IDness_detection", "TypeError: read_dataset() got an unexpected keyword")]
    [InlineData("c3_basic_mlflow_abspath", "anovos_basic_report", "mlflow.exceptions.MlflowException: Invalid artifact path: ")]
    [InlineData("d_bad_column", "quality_checker.biasedness_detection",
        "pyspark.sql.utils.AnalysisException: Column 'no_such_column' does")]
    [InlineData("f2_join_other_experiment", null, "mlflow.exceptions.MlflowException: Cannot start run with ID ")]
    [InlineData("f4_join_failing", "transformers.categorical_outliers.outlier_categories", "TypeError: Invalid input for Coverage Value")]
    [InlineData("j_report_only_tracked", "report_generation", "FileNotFoundError: [Errno 2] No such file or directory: 'report_stats/")]
    [InlineData("k_misspelt_flag", null, "KeyError: 'track_intermediates'")]
    public async Task A_failure_names_the_exception_and_the_step(string name, string? step, string exception)
    {
        (WorkflowResult result, Run run, _) = await Replay(Recording.Of(name));
        Assert.StartsWith($"The workflow ended with exit code 1{(step is null ? "" : $" in {step}")}: {exception}", result.Fault,
            StringComparison.Ordinal);
        Assert.Contains("The last lines of its log", run.Tags[RunTags.Note]);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(WorkflowResult Result, Run Run, List<LogLine> Lines)> Replay(Recording recording)
    {
        string work = Directory.CreateDirectory(_folder.Below("work")).FullName;
        var store = new DirectoryStore(_folder.Below("mlruns"));
        Run run = await store.CreateRunAsync(new("0", "run", "tester", 1), default);
        List<LogLine> lines = [];
        var job = new WorkflowJob
        {
            Config = recording.ConfigIn(work),
            BasePath = work,
            Outputs = new OutputSelection([], [], force: false),
            Statistics = new StatisticSelection([], []),
        };
        WorkflowResult result = await new WorkflowRunner(store, run, recording.Replay(work)).RunAsync(job, lines.AddRange, default);
        Assert.Empty(result.Errors);
        return (result, await store.GetRunAsync(run.RunId, default), lines);
    }
}
