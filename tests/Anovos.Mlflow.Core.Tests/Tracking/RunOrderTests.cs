using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class RunOrderTests
{
    private readonly List<Run> _runs =
    [
        NewRun("a", 1, new() { ["m"] = 2 }, "x"),
        NewRun("b", 2, new() { ["m"] = double.NaN }, "y"),
        NewRun("c", 3, [], null),
        NewRun("d", 4, new() { ["m"] = double.NegativeInfinity }, "x"),
        NewRun("e", 4, new() { ["m"] = 2 }, "Z"),
    ];

    [Theory]
    [InlineData("", "d e c b a")]
    [InlineData("metrics.m", "d e a b c")]
    [InlineData("metrics.m ASC", "d e a b c")]
    [InlineData("metrics.m desc", "e a d b c")]
    [InlineData("params.p DESC", "b d a e c")]
    [InlineData("tags.`none` ASC", "d e c b a")]
    [InlineData("start_time", "a b c d e")]
    [InlineData("attributes.run_name DESC", "e d c b a")]
    [InlineData("params.p;metrics.m DESC", "e a d b c")]
    public void Runs_come_in_order_with_NaN_and_the_missing_last(string orderBy, string expected)
    {
        RunOrder order = RunOrder.Parse(orderBy.Split(';', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(expected, string.Join(' ', order.Sort(_runs, run => run).Select(run => run.RunId)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("metrics.m UP")]
    [InlineData("metrics.m DESC, params.p")]
    public void An_order_that_cannot_be_read_is_an_error(string order) =>
        Assert.Equal(ErrorKind.InvalidValue, Assert.Throws<MlflowException>(() => RunOrder.Parse([order])).Kind);

    private static Run NewRun(string id, long start, Dictionary<string, double> metrics, string? param) => new()
    {
        RunId = id,
        ExperimentId = "1",
        RunName = id,
        StartTime = DateTimeOffset.FromUnixTimeMilliseconds(start),
        Metrics = metrics,
        Params = param is null ? [] : new Dictionary<string, string> { ["p"] = param },
    };
}
