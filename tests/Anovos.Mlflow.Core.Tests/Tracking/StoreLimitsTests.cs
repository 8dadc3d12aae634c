using System.Reflection;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class StoreLimitsTests
{
    [Theory]
    [InlineData("input_dataset.read_dataset.file_path")]
    [InlineData("measures_of_counts/age/missing_pct")]
    [InlineData("a b:c-d")]
    [InlineData("größe")]
    public void A_key_that_MLflow_takes_is_valid(string key)
    {
        Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(key));
        Assert.Equal(key, StoreLimits.Mlflow.ToValidKey(key));
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
        Assert.NotNull(StoreLimits.Mlflow.WhyInvalidKey(key));
        Assert.Equal(expected, StoreLimits.Mlflow.ToValidKey(key));
        Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(expected));
    }

    [Fact]
    public void A_key_is_cut_at_250_characters()
    {
        Assert.NotNull(StoreLimits.Mlflow.WhyInvalidKey(new string('k', 251)));
        Assert.Equal(250, StoreLimits.Mlflow.ToValidKey(new string('k', 300)).Length);
    }

    [Fact]
    public void A_store_with_shorter_keys_cuts_them_there()
    {
        var limits = new StoreLimits { Key = 5 };
        Assert.Null(limits.WhyInvalidKey("abcde"));
        Assert.Contains("the limit is 5", limits.WhyInvalidKey("abcdef"));
        Assert.Equal("abcd", limits.ToValidKey("abcd/ef"));
    }

    [Fact]
    public void Of_two_stores_the_stricter_limit_holds_one_by_one()
    {
        PropertyInfo[] all = [.. typeof(StoreLimits).GetProperties().Where(property => property.PropertyType == typeof(int))];
        Assert.Equal(13, all.Length);
        foreach (PropertyInfo limit in all)
        {
            var strict = new StoreLimits();
            limit.SetValue(strict, 1);
            Assert.Equal(strict, strict.Intersect(StoreLimits.Mlflow));
            Assert.Equal(strict, StoreLimits.Mlflow.Intersect(strict));
            Assert.NotEqual(strict, StoreLimits.Mlflow);
        }
    }
}
