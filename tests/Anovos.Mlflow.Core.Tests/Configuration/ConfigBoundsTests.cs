using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

/// <summary>
/// Workflows designed to grow too large when nodes become texts and rows. The reader limits aliases; these tests check the products.
/// </summary>
public class ConfigBoundsTests
{
    [Fact]
    public void Long_keys_above_many_values_do_not_multiply()
    {
        string keys = string.Concat(Enumerable.Range(0, 80).Select(i => new string(' ', i) + new string('k', 1000) + ":\n"));
        string values = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"{new string(' ', 80)}v{i}: 1\n"));
        AnovosConfig config = Sample.Read(keys + values);
        Assert.Empty(config.Settings);
        Assert.Single(config.Notes);
    }

    [Fact]
    public void A_setting_made_of_aliases_is_bounded_by_the_reader()
    {
        string text = new('x', 50_000);
        Assert.Equal(100,
            Sample.Read($"a: &a {text}\nb: [{string.Concat(Enumerable.Repeat("*a,", 100))}]\n").Settings["b"].Split(text).Length - 1);
        Assert.Throws<MlflowException>(() => Sample.Read($"a: &a {text}\nb: [{string.Concat(Enumerable.Repeat("*a,", 1000))}]\n"));
    }

    [Fact]
    public void Many_steps_and_many_patterns_are_worked_out()
    {
        string patterns = string.Join(",", Enumerable.Range(0, 100).Select(i => $"'**/{string.Concat(Enumerable.Repeat("a*", 50))}{i}b'"));
        string steps = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"    aaaaaaaaaaaaaaaa{i}: {{x: 1}}\n"));
        AnovosConfig config = Sample.Read(
            $"mlflow: {{experiment: x, track_intermediates: [{patterns}]}}\nwrite_intermediate: {{file_path: x}}\ntransformers:\n  g:\n{steps}");
        Assert.Equal(5_000, AnovosPlan.Of(config, Path.GetTempPath()).Outputs.Count);
        Assert.Equal(100, config.Warnings.Count);
    }

    [Fact]
    public void Many_secrets_are_masked()
    {
        AnovosConfig config = Sample.Read($"a: ['{string.Concat(Enumerable.Repeat("?sig=x&://u:p@", 50_000))}']\n");
        Assert.DoesNotContain("sig=x", config.Settings["a"]);
    }
}
