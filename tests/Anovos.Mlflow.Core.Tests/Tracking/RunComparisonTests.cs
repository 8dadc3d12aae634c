using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class RunComparisonTests
{
    private static readonly Run One = new()
    {
        RunId = "1",
        ExperimentId = "0",
        Params = new Dictionary<string, string> { ["lr"] = "0.1", ["same"] = "x" },
        Metrics = new Dictionary<string, double> { ["rmse"] = 0.5, ["nan"] = double.NaN },
        Tags = new Dictionary<string, string> { ["mlflow.runName"] = "a", ["team"] = "ops" },
    };

    private static readonly Run Two = new()
    {
        RunId = "2",
        ExperimentId = "0",
        Params = new Dictionary<string, string> { ["same"] = "x", ["lr"] = "0.2" },
        Metrics = new Dictionary<string, double> { ["nan"] = double.NaN, ["r2"] = 1.0 / 3 },
        Tags = new Dictionary<string, string> { ["mlflow.runName"] = "b" },
    };

    [Fact]
    public void Every_key_of_the_runs_is_a_row_with_what_each_has()
    {
        IReadOnlyList<RunDifference> rows = RunComparison.Of([One, Two, One]);

        Assert.Equal(
            ["Param lr 0.1|0.2 False", "Param same x|x True", "Metric nan NaN|NaN True", "Metric r2 -|0.333333 False", "Metric rmse 0.5|- False", "Tag team ops|- False"],
            rows.Select(row => $"{row.Kind} {row.Key} {string.Join('|', row.SideBySide(80).Split(' ', StringSplitOptions.RemoveEmptyEntries))} {row.IsEqual}"));
        Assert.Equal(1.0 / 3, rows[3].Values["2"]);
        Assert.Null(rows[3].Values["1"]);
    }

    [Fact]
    public void Values_side_by_side_fit_into_the_width_and_steer_no_terminal()
    {
        Run long1 = One with { Params = new Dictionary<string, string> { ["p"] = new string('x', 100) } }, evil = Two with { Params = new Dictionary<string, string> { ["p"] = "a\u001b[31m\nb" } };

        string text = RunComparison.Of([long1, evil])[0].SideBySide(40);

        Assert.Equal("xxxxxxxxxxxxxxxxx…  a␛[31m␊b", text);
    }
}
