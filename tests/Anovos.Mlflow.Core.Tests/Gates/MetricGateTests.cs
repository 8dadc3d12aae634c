using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Gates;

/// <summary>Rules about metrics: what they compare with, and what they come to.</summary>
public sealed class MetricGateTests : IDisposable
{
    private readonly GateFixture _gate = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("max", "0.5", GateOutcome.Passed, "0.5 is at most 0.5.")]
    [InlineData("max", "0.4", GateOutcome.Failed, "0.5 is more than 0.4.")]
    [InlineData("min", "0.5", GateOutcome.Passed, "0.5 is at least 0.5.")]
    [InlineData("min", "0.6", GateOutcome.Failed, "0.5 is less than 0.6.")]
    public async Task A_number(string key, string bound, GateOutcome outcome, string reason)
    {
        Run run = await _gate.AddAsync(0.5);
        GateResult result = await _gate.TestAsync(run, (key, bound));
        Assert.Equal(($"metric/rmse/{key}", outcome, reason), (result.Rule, result.Outcome, result.Reason));
        Assert.Equal((0.5, GateBound.Parse(bound).Number, run.RunId), ((double?)result.Value, (double?)result.Bound, result.RunId));
    }

    [Fact]
    public async Task A_range_gives_a_result_for_each_end()
    {
        Run run = await _gate.AddAsync(0.5);
        var rules = new GateRules { Metrics = [GateFixture.Rule("rmse", ("max", "0.4"), ("min", "0.1"))] };
        Assert.Equal(
            ["Failed: metric/rmse/max: 0.5 is more than 0.4.", "Passed: metric/rmse/min: 0.5 is at least 0.1."],
            (await _gate.TestAsync(run, rules)).Select(result => result.ToString()));
    }

    [Fact]
    public async Task A_metric_that_is_missing_or_not_a_number_fails_unless_allowed()
    {
        Run none = await _gate.AddAsync();
        Run nan = await _gate.AddAsync(double.NaN);
        Assert.Equal(
            (GateOutcome.Failed, "The run has no metric rmse.", null),
            Parts(await _gate.TestAsync(none, ("max", "1"))));
        Assert.Equal(
            (GateOutcome.Failed, "The run's metric rmse is NaN.", double.NaN),
            Parts(await _gate.TestAsync(nan, ("min", "1"))));
        Assert.Equal(
            (GateOutcome.Failed, "The run has no metric rmse.", null),
            Parts(await _gate.TestAsync(none, ("max", "median:5"))));
        Assert.Equal(
            (GateOutcome.Passed, "The run has no metric rmse. The rule allows that.", null),
            Parts(await _gate.TestAsync(none, ("max", "1"), ("allowMissing", "true"))));
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(nan, ("max", "1"), ("allowMissing", "True"))).Outcome);
    }

    [Fact]
    public async Task Infinity_is_larger_than_any_number()
    {
        Run run = await _gate.AddAsync(double.PositiveInfinity);
        Assert.Equal(GateOutcome.Failed, (await _gate.TestAsync(run, ("max", "1e300"))).Outcome);
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(run, ("min", "1e300"))).Outcome);
    }

    [Fact]
    public async Task Another_run_with_and_without_tolerance()
    {
        Run other = await _gate.AddAsync(0.4);
        Run run = await _gate.AddAsync(0.44);
        string bound = $"run:{other.RunId}";
        Assert.Equal(
            (GateOutcome.Failed, $"0.44 is more than 0.4 in run {other.RunId}.", 0.44),
            Parts(await _gate.TestAsync(run, ("max", bound))));
        Assert.Equal(
            (GateOutcome.Failed, $"0.44 is more than 0.42: 0.4 in run {other.RunId}, with a tolerance of 5%.", 0.44),
            Parts(await _gate.TestAsync(run, ("max", bound), ("tolerance", "5%"))));
        GateResult within = await _gate.TestAsync(run, ("max", bound), ("tolerance", "0.05"));
        Assert.Equal(
            (GateOutcome.Passed, $"0.44 is at most 0.45: 0.4 in run {other.RunId}, with a tolerance of 0.05.", 0.44),
            Parts(within));
        Assert.Equal(0.45, (double)within.Bound!, 12);
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(other, ("min", $"run:{run.RunId}"), ("tolerance", "10%"))).Outcome);
    }

    [Fact]
    public async Task A_bound_with_a_tolerance_is_the_number_that_a_person_expects()
    {
        Run other = await _gate.AddAsync(1.0 / 3);
        Run run = await _gate.AddAsync(0.5);
        GateResult result = await _gate.TestAsync(run, ("max", $"run:{other.RunId}"), ("tolerance", "50%"));
        Assert.Equal((GateOutcome.Passed, 0.5), (result.Outcome, (double?)result.Bound));
    }

    [Fact]
    public async Task A_percentage_of_a_negative_number_widens_the_bound_as_well()
    {
        Run other = await _gate.AddAsync(-10);
        Run run = await _gate.AddAsync(-9.5);
        Assert.Equal(GateOutcome.Failed, (await _gate.TestAsync(run, ("max", $"run:{other.RunId}"))).Outcome);
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(run, ("max", $"run:{other.RunId}"), ("tolerance", "5%"))).Outcome);
    }

    [Fact]
    public async Task Another_run_that_is_not_there_or_has_no_number_fails_unless_allowed()
    {
        Run other = await _gate.AddAsync(double.NaN);
        Run run = await _gate.AddAsync(0.4);
        string missing = new('0', 32);
        Assert.Equal(
            (GateOutcome.Failed, $"There is no number for rmse in run {other.RunId}.", 0.4),
            Parts(await _gate.TestAsync(run, ("max", $"run:{other.RunId}"))));
        GateResult result = await _gate.TestAsync(run, ("max", $"run:{missing}"));
        Assert.Equal(GateOutcome.Failed, result.Outcome);
        Assert.Contains(missing, result.Reason);
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(run, ("max", $"run:{missing}"), ("allowMissing", "true"))).Outcome);
    }

    [Fact]
    public async Task The_run_of_a_model_version_with_an_alias()
    {
        Run champion = await _gate.AddAsync(0.4);
        Run run = await _gate.AddAsync(0.5);
        await _gate.Registry.Models.CreateAsync("income", null, [], Cancellation);
        await _gate.Registry.Versions.CreateAsync(new NewModelVersion("income", "s3://b/x") { RunId = champion.RunId }, Cancellation);
        await _gate.Registry.Versions.CreateAsync(new NewModelVersion("income", "s3://b/y"), Cancellation);
        await _gate.Registry.Aliases.SetAsync("income", "champion", 1, Cancellation);
        await _gate.Registry.Aliases.SetAsync("income", "bought", 2, Cancellation);

        Assert.Equal(
            (GateOutcome.Failed, $"0.5 is more than 0.4 in run {champion.RunId} of models:/income@champion.", 0.5),
            Parts(await _gate.TestAsync(run, ("max", "models:/income@champion"))));
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(run, ("min", "models:/income@champion"))).Outcome);
        Assert.Equal(
            (GateOutcome.Failed, "Version 2 of model income was not created by a run.", 0.5),
            Parts(await _gate.TestAsync(run, ("min", "models:/income@bought"))));
        Assert.Equal(GateOutcome.Failed, (await _gate.TestAsync(run, ("min", "models:/income@nobody"))).Outcome);
        Assert.Equal(GateOutcome.Failed, (await _gate.TestAsync(run, ("min", "models:/unknown@champion"))).Outcome);
    }

    [Fact]
    public async Task The_run_itself_is_nothing_to_compare_with()
    {
        Run run = await _gate.AddAsync(0.5);
        Assert.Equal(
            (GateOutcome.Warning, $"The run itself is run {run.RunId}, so there is nothing to compare it with.", 0.5),
            Parts(await _gate.TestAsync(run, ("max", $"run:{run.RunId}"))));
    }

    [Fact]
    public async Task The_median_is_of_the_last_finished_runs_of_the_experiment_that_have_the_metric()
    {
        await _gate.AddAsync(1000);
        foreach (double value in new[] { 0.3, 0.1, 0.2 })
            await _gate.AddAsync(value);
        await _gate.AddAsync(RunStatus.Failed, "Income", ("rmse", 50));
        await _gate.AddAsync(RunStatus.Running, "Income", ("rmse", 50));
        await _gate.AddAsync(RunStatus.Finished, "Other", ("rmse", 50));
        await _gate.AddAsync(RunStatus.Finished, "Income", ("loss", 50));
        await _gate.AddAsync(double.NaN);
        Run deleted = await _gate.AddAsync(50);
        await _gate.Store.MoveRunAsync(deleted.RunId, LifecycleStage.Deleted, Cancellation);
        Run run = await _gate.AddAsync(0.25);

        Assert.Equal(
            (GateOutcome.Failed, "0.25 is more than 0.2 as the median of 3 other finished runs.", 0.25),
            Parts(await _gate.TestAsync(run, ("max", "median:3"))));
        Assert.Equal(
            (GateOutcome.Passed, "0.25 is at most 0.25 as the median of 4 other finished runs.", 0.25),
            Parts(await _gate.TestAsync(run, ("max", "median:10"))));
    }

    [Fact]
    public async Task A_median_of_fewer_than_three_runs_is_a_warning_whatever_it_is()
    {
        Run run = await _gate.AddAsync(9);
        Assert.Equal(
            (GateOutcome.Warning, "No other finished run of the experiment has a number for rmse.", 9),
            Parts(await _gate.TestAsync(run, ("max", "median:5"))));
        await _gate.AddAsync(1);
        Assert.Equal(
            (GateOutcome.Warning, "The median covers only one other finished run; 3 are needed. "
                + "9 is more than 1 as the median of one other finished run.", 9),
            Parts(await _gate.TestAsync(run, ("max", "median:5"))));
        await _gate.AddAsync(2);
        GateResult two = await _gate.TestAsync(run, ("min", "median:5"));
        Assert.Equal((GateOutcome.Warning, 1.5), (two.Outcome, (double?)two.Bound));
        await _gate.AddAsync(3);
        Assert.Equal(GateOutcome.Failed, (await _gate.TestAsync(run, ("max", "median:5"))).Outcome);
    }

    [Fact]
    public async Task The_median_looks_beyond_a_page_of_runs_without_the_metric()
    {
        for (int i = 1; i <= 3; i++)
            await _gate.AddAsync(i);
        for (int i = 0; i < 101; i++)
            await _gate.AddAsync();
        Assert.Equal(GateOutcome.Passed, (await _gate.TestAsync(await _gate.AddAsync(2), ("max", "median:3"))).Outcome);
    }

    [Fact]
    public async Task A_gate_without_rules_is_an_error()
    {
        Run run = await _gate.AddAsync(1);
        Assert.Equal(ErrorKind.InvalidValue, (await Assert.ThrowsAsync<MlflowException>(() => _gate.TestAsync(run, new GateRules()))).Kind);
    }

    public void Dispose() => _gate.Dispose();

    private static (GateOutcome Outcome, string Reason, double? Value) Parts(GateResult result) =>
        (result.Outcome, result.Reason, (double?)result.Value);
}
