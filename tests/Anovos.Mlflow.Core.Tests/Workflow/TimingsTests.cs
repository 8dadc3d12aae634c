using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

public sealed class TimingsTests
{
    private const string Head = "2026-11-20 10:12:03.482 | INFO     | anovos.workflow:main:519 - ";

    [Theory]
    [InlineData("stats_generator, global_summary: execution time (in secs) =3.4107", "time/stats_generator/global_summary", 3.4107)]
    [InlineData("quality_checker, duplicate_detection: execution time (in secs) =11.02", "time/quality_checker/duplicate_detection", 11.02)]
    [InlineData("Basic Report: execution time (in secs) =143.1", "time/Basic_Report", 143.1)]
    [InlineData("execution time w/o report (in sec) =201.4", "time/without_report", 201.4)]
    [InlineData("join_dataset: execution time (in secs) = 1e-05", "time/join_dataset", 1e-05)]
    [InlineData("transformers, a/b: execution time (in secs) =2", "time/transformers/a_b", 2)]
    public void A_line_of_the_log_says_how_long_a_step_took(string line, string key, double seconds)
    {
        Assert.Equal([(key, seconds)], Of(Head + line).All.Select(timing => (timing.Key, timing.Seconds)));
        foreach (string head in new[] { "", "2026-11-20 10:12:03,482 | INFO | workflow.py | 519 | ", "[10:12:03] INFO - " })
            Assert.Equal([(key, seconds)], Of(head + line).All.Select(timing => (timing.Key, timing.Seconds)));
    }

    [Theory]
    [InlineData("the execution time (in secs) of the report")]
    [InlineData("execution time (in secs) =")]
    [InlineData("a, b: execution time (in secs) =soon")]
    [InlineData("a, b: execution time (in secs) =3.4 or so")]
    [InlineData("execution time (in secs) =3")]
    public void Other_lines_say_nothing(string line) => Assert.Empty(Of(Head + line).All);

    [Fact]
    public void A_step_that_runs_twice_has_two_points()
    {
        Timings timings = Of(Head + "a, b: execution time (in secs) =1", Head + "a, b: execution time (in secs) =2");
        Assert.Equal([(0L, 1.0), (1L, 2.0)], timings.TakeFresh().Select(metric => (metric.Step, metric.Value)));
        Assert.Empty(timings.TakeFresh());
    }

    [Fact]
    public void No_key_is_another_ones_folder()
    {
        string[] keys = [.. Of("a: execution time (in secs) =1", "a, b: execution time (in secs) =2", "c, d: execution time (in secs) =3", "c: execution time (in secs) =4").All.Select(timing => timing.Key)];
        Assert.Equal(["time/a", "time/a.b", "time/c/d", "time/c/all"], keys);
    }

    [Fact]
    public void Hostile_lines_cost_no_time()
    {
        Timings timings = Of(Head + new string('-', 900) + " execution time (in secs) =", Head + string.Concat(Enumerable.Repeat(" - a,", 190)) + "execution time (in secs) =x", new string('x', 100_000) + "execution time (in secs) =1");
        Assert.Empty(timings.All);
        Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(Of("%$, §: execution time (in secs) =1").All[0].Key));
    }

    private static Timings Of(params string[] lines)
    {
        var timings = new Timings(StoreLimits.Mlflow);
        foreach (string line in lines)
            timings.Read(new LogLine(line, IsError: true));
        return timings;
    }
}
