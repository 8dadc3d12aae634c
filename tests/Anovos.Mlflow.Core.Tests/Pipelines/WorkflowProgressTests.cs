using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Pipelines;
using Anovos.Mlflow.Tests.Databricks;
using Anovos.Mlflow.Tests.Http;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Pipelines;

/// <summary>Tests what is reported to a pipeline from a workflow's log.</summary>
public sealed class WorkflowProgressTests : IDisposable
{
    private const string Time = "2026-11-20 10:12:03.482 | ";

    private readonly TemporaryFile _file = new(
        """
        stats_generator:
          metric: [global_summary, measures_of_counts]
        report_preprocessing:
          master_path: report_stats
        write_main:
          file_path: output
          file_type: csv
        """);

    [Fact]
    public void Each_step_moves_it_on_and_the_end_is_not_reached_before_the_end()
    {
        WorkflowProgress progress = Of();
        string[] told =
        [
            .. progress.Of([Line("INFO     | m:1 - stats_generator, global_summary: execution time (in secs) =3.4")]),
            .. progress.Of([Line("INFO     | m:1 - reading")]),
            .. progress.Of([.. Enumerable.Range(1, 20).Select(i => Line($"INFO     | m:1 - more, step{i}: execution time (in secs) =1"))]),
            .. progress.Of([Line("INFO     | m:1 - execution time w/o report (in sec) =201.4")]),
        ];
        Assert.Equal(3, told.Length);
        Assert.EndsWith(";]time/stats_generator/global_summary", told[0], StringComparison.Ordinal);
        Assert.InRange(int.Parse(told[0].Split("value=")[1].Split(';')[0], System.Globalization.CultureInfo.InvariantCulture), 10, 60);
        Assert.Equal(["##vso[task.setprogress value=95;]time/more/step20", "##vso[task.setprogress value=95;]time/without_report"],
            told.Skip(1));
    }

    [Fact]
    public void Its_first_warnings_and_errors_are_issues_and_a_flood_of_them_is_not()
    {
        WorkflowProgress progress = Of();
        string[] told =
        [
            .. progress.Of([.. Enumerable.Range(1, 1000).Select(i => Line($"WARNING  | m:1 - skewed {i}"))]),
            .. progress.Of([Line("ERROR    | m:1 - password=hunter2 ##vso[task.complete]"), new LogLine($"{Time}ERROR    | m:1 - no log", IsError: false)]),
        ];
        Assert.Equal(6, told.Length);
        Assert.Equal($"##vso[task.logissue type=warning;]{Time}WARNING  | m:1 - skewed 1", told[0]);
        Assert.Equal($"##vso[task.logissue type=warning;]{Time}ERROR    | m:1 - password=*** # #vso[task.complete]", told[^1]);
    }

    public void Dispose() => _file.Dispose();

    private WorkflowProgress Of() => new(AzurePipeline.Find(new Variables { ["TF_BUILD"] = "True" }.Read)!, AnovosConfig.Load(_file.Path), Path.GetTempPath());

    private static LogLine Line(string text) => new(Time + text, IsError: true);
}
