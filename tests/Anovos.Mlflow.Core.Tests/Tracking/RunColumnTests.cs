using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class RunColumnTests
{
    private static readonly Run One = new()
    {
        RunId = "1",
        ExperimentId = "7",
        Status = RunStatus.Finished,
        ArtifactUri = "file:///a",
        StartTime = new DateTimeOffset(2026, 11, 30, 9, 0, 0, 123, TimeSpan.FromHours(2)),
        EndTime = new DateTimeOffset(2026, 11, 30, 7, 1, 0, TimeSpan.Zero),
        Params = new Dictionary<string, string> { ["lr"] = "0.1", ["empty"] = "" },
        Metrics = new Dictionary<string, double> { ["rmse"] = 0.5, ["nan"] = double.NaN },
        Tags = new Dictionary<string, string> { ["team"] = "ops" },
    };

    private static readonly Run Two = new()
    {
        RunId = "2",
        ExperimentId = "7",
        Status = RunStatus.Running,
        StartTime = One.StartTime,
        Metrics = new Dictionary<string, double> { ["loss/train [%]"] = 1 },
    };

    [Fact]
    public void The_fixed_columns_come_first_then_metrics_params_and_tags_each_by_key()
    {
        string[] names = [.. RunColumn.Of([One, Two]).Select(column => column.Name)];

        Assert.Equal(
            [
                "run_id", "experiment_id", "status", "artifact_uri", "start_time", "end_time", "metrics.loss/train [%]", "metrics.nan",
                "metrics.rmse", "params.empty", "params.lr", "tags.team",
            ],
            names);
    }

    [Fact]
    public void A_value_is_that_of_MLflow_and_null_where_the_run_has_none()
    {
        DateTime start = new(2026, 11, 30, 7, 0, 0, 123, DateTimeKind.Utc), end = new(2026, 11, 30, 7, 1, 0, DateTimeKind.Utc);
        IReadOnlyList<RunColumn> columns = RunColumn.Of([One, Two]);

        object?[] one = [.. columns.Select(column => column.Value(One))], two = [.. columns.Select(column => column.Value(Two))];

        Assert.Equal(["1", "7", "FINISHED", "file:///a", start, end, null, double.NaN, 0.5, "", "0.1", "ops"], one);
        Assert.Equal(["2", "7", "RUNNING", "", start, null, 1.0, null, null, null, null, null], two);
        Assert.All(new[] { one[4], one[5] }, time => Assert.Equal(DateTimeKind.Utc, Assert.IsType<DateTime>(time).Kind));
    }

    [Fact]
    public void Names_that_differ_in_case_only_get_a_number_that_no_other_name_has()
    {
        Run run = One with
        {
            Metrics = new Dictionary<string, double> { ["ACC"] = 1, ["Acc"] = 2, ["acc"] = 3, ["acc_2"] = 4 },
            Params = new Dictionary<string, string> { ["acc"] = "p" },
            Tags = new Dictionary<string, string>(),
        };

        RunColumn[] columns = [.. RunColumn.Of([run]).Skip(6)];

        Assert.Equal(
            [
                ("metrics.ACC", "metrics.ACC", 1.0), ("metrics.Acc", "metrics.Acc_3", 2.0), ("metrics.acc", "metrics.acc_4", 3.0),
                ("metrics.acc_2", "metrics.acc_2", 4.0), ("params.acc", "params.acc", "p"),
            ],
            columns.Select(column => (column.MlflowName, column.Name, column.Value(run)!)));
    }

    [Fact]
    public void No_runs_have_the_fixed_columns() => Assert.Equal(6, RunColumn.Of([]).Count);
}
