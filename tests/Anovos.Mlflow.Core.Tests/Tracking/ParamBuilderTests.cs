using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class ParamBuilderTests
{
    [Fact]
    public void Keys_that_become_alike_stay_apart_and_a_warning_says_so()
    {
        var builder = new ParamBuilder(StoreLimits.Mlflow).Add("a%", "1").Add("a>", "2").Add("a_", "3");
        Assert.Equal(["a_", "a__2", "a__3"], builder.Params.Select(param => param.Key));
        Assert.Equal(["1", "2", "3"], builder.Params.Select(param => param.Value));
        Assert.Equal(3, builder.Warnings.Count);
    }

    [Fact]
    public void An_over_long_value_is_cut_with_a_warning_and_no_character_is_halved()
    {
        string value = new string('x', 5999) + "😀";
        var builder = new ParamBuilder(StoreLimits.Mlflow).Add("long", value);
        Assert.Equal(new string('x', 5999), Assert.Single(builder.Params).Value);
        Assert.Contains("6001", Assert.Single(builder.Warnings));
    }

    [Fact]
    public void An_over_long_value_that_may_not_be_cut_is_an_error()
    {
        MlflowException e = Assert.Throws<MlflowException>(
            () => new ParamBuilder(StoreLimits.Mlflow, truncate: false).Add("long", new string('x', 6001)));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
    }

    [Fact]
    public void Long_keys_stay_unique_within_250_characters()
    {
        var builder = new ParamBuilder(StoreLimits.Mlflow).Add(new string('k', 300), "1").Add(new string('k', 400), "2");
        Assert.All(builder.Params, param => Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(param.Key)));
        Assert.Equal(2, builder.Params.Select(param => param.Key).Distinct().Count());
    }
}
