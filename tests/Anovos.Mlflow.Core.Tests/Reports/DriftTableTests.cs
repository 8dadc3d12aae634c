using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Reports;

public class DriftTableTests
{
    [Fact]
    public void Attributes_flagged_in_most_runs_come_first()
    {
        DriftTable table = Assert.Single(DriftTable.Of(
        [
            Run(("drift_statistics/age/PSI", 7), ("drift_statistics/age/flagged", 1), ("drift_statistics/a/PSI", 0.1), ("drift_statistics/a/flagged", 0)),
            Run(("drift_statistics/age/PSI", 8), ("drift_statistics/age/flagged", 1), ("drift_statistics/b/KS", 0.2), ("drift_statistics/b/flagged", 1)),
        ]));
        Assert.Equal(["KS", "PSI"], table.Methods);
        Assert.Equal(["age", "b", "a"], table.Rows.Select(row => row.Attribute));
        Assert.Equal([true, true], table.Rows[0].Flags);
        Assert.Equal([null, true], table.Rows[1].Flags);
        Assert.Equal([null, 8], table.Rows[0].Values[1]!);
        Assert.Null(table.Rows[2].Values[1]);
        Assert.True(table.Has("drift_statistics/age/PSI"));
        Assert.False(table.Has("drift_statistics_of_mine"));
    }

    [Fact]
    public void A_tag_names_what_the_metrics_of_a_wide_table_leave_out_and_keys_have_their_names_back()
    {
        Run run = Run(("stability_index/a_b/stability_index", 1.5), ("stability_index/a_b/flagged", 0)) with
        {
            Tags = new Dictionary<string, string> { ["flagged/stability_index"] = "x, a/b", ["anovos.statistic.name/a_b"] = "a/b" },
        };
        DriftTable table = Assert.Single(DriftTable.Of([run]));

        // The metric says that a/b is not flagged, and knows better than a text.
        Assert.Equal([("x", true), ("a/b", false)], table.Rows.Select(row => (row.Attribute, row.Flags[0] ?? false)));
    }

    [Fact]
    public void Runs_without_statistics_have_no_table() => Assert.Empty(DriftTable.Of([Run(("loss", 1), ("a/b/c", 2))]));

    private static Run Run(params (string Key, double Value)[] metrics) => new() { RunId = "r", ExperimentId = "0", Metrics = metrics.ToDictionary(metric => metric.Key, metric => metric.Value) };
}
