using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class TrackingLimitsTests
{
    [Theory]
    [InlineData("input_dataset.read_dataset.file_path")]
    [InlineData("measures_of_counts/age/missing_pct")]
    [InlineData("a b:c-d")]
    [InlineData("größe")]
    public void A_key_that_MLflow_takes_is_valid(string key)
    {
        Assert.Null(TrackingLimits.WhyInvalidKey(key));
        Assert.Equal(key, TrackingLimits.ToValidKey(key));
    }

    [Theory]
    [InlineData("", "_")]
    [InlineData("/a", "a")]
    [InlineData("../a", "__/a")]
    [InlineData("a//b", "a/b")]
    [InlineData("a/./b/", "a/b")]
    [InlineData("..a", "__a")]
    [InlineData("5%", "5_")]
    [InlineData("income>50K (yes)", "income_50K _yes_")]
    [InlineData("a\n", "a_")]
    public void A_key_that_MLflow_refuses_gets_its_nearest_valid_one(string key, string expected)
    {
        Assert.NotNull(TrackingLimits.WhyInvalidKey(key));
        Assert.Equal(expected, TrackingLimits.ToValidKey(key));
        Assert.Null(TrackingLimits.WhyInvalidKey(expected));
    }

    [Fact]
    public void A_key_is_cut_at_250_characters()
    {
        Assert.NotNull(TrackingLimits.WhyInvalidKey(new string('k', 251)));
        Assert.Equal(250, TrackingLimits.ToValidKey(new string('k', 300)).Length);
    }
}
