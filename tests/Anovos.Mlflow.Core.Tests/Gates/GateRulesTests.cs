using Anovos.Mlflow.Gates;

namespace Anovos.Mlflow.Tests.Gates;

public sealed class GateRulesTests
{
    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("")]
    [InlineData("1,5")]
    [InlineData("run:")]
    [InlineData("run:a/b")]
    [InlineData("median:0")]
    [InlineData("median:-1")]
    [InlineData("median:1001")]
    [InlineData("median")]
    [InlineData("models:/m-1234")]
    [InlineData("models:/")]
    [InlineData("runs:/a/model")]
    public void A_text_that_is_no_bound_is_refused(string text) => Refused(() => GateBound.Parse(text));

    [Fact]
    public void A_bound_is_one_of_four()
    {
        Assert.Equal(-1500, GateBound.Parse("-1.5e3").Number);
        Assert.Equal("ab", GateBound.Parse("run:ab").RunId);
        Assert.Equal("champion", GateBound.Parse("models:/income@champion").Model!.Alias);
        Assert.Equal(10, GateBound.Parse("median:10").MedianOf);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("5 %%")]
    [InlineData("%")]
    [InlineData("NaN")]
    public void A_text_that_is_no_tolerance_is_refused(string text) => Refused(() => GateTolerance.Parse(text));

    [Fact]
    public void A_rule_that_cannot_be_tested_is_refused()
    {
        Refused(() => GateFixture.Rule("rmse"));
        Refused(() => GateFixture.Rule("rmse", ("tolerance", "5%")));
        Refused(() => GateFixture.Rule("rmse", ("max", "1"), ("tolerance", "5%")));
        Refused(() => GateFixture.Rule("rmse", ("max", "1"), ("min", "2"), ("tolerance", "5%")));
        Refused(() => GateFixture.Rule("rmse", ("max", "1"), ("allowMissing", "perhaps")));
        Assert.Contains("max, min, tolerance, allowMissing", Refused(() => GateFixture.Rule("rmse", ("maximum", "1"))));
        Assert.NotNull(GateFixture.Rule("rmse", ("MAX", "1"), ("min", "median:3"), ("tolerance", "5%")).Tolerance);
    }

    [Fact]
    public void A_parameter_replaces_the_rule_of_the_file_for_its_metric_only()
    {
        GateRules file = new() { Metrics = [GateFixture.Rule("a", ("max", "1"), ("min", "0")), GateFixture.Rule("b", ("max", "1"))] };
        GateRules both = new GateRules { Metrics = [GateFixture.Rule("a", ("max", "2"))] }.Over(file);
        Assert.Equal(["b", "a"], both.Metrics.Select(rule => rule.Metric));
        Assert.Equal(2, both.Metrics[1].Max!.Number);
        Assert.Null(both.Metrics[1].Min);
        Assert.Equal(file.Metrics, new GateRules().Over(file).Metrics);
    }

    private static string Refused(Action read)
    {
        MlflowException e = Assert.Throws<MlflowException>(read);
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        return e.Message;
    }
}
