using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

/// <summary>
/// Inputs designed to use up time, memory or the stack. Each must be rejected early, or take only linear time.
/// </summary>
public class YamlBoundsTests
{
    private const int Megabytes = 10 * 1024 * 1024;

    public static TheoryData<string> TooDeep => new("[", "{a: ", "- ", "? ", "[{");

    [Theory]
    [MemberData(nameof(TooDeep))]
    public void Nesting_is_bounded(string open) => Refused("levels deep", Repeat(open, Megabytes / 4));

    [Fact]
    public void A_hundred_levels_are_fine() => Assert.NotNull(YamlReader.Read(new string('[', 100) + new string(']', 100), default));

    [Fact]
    public void Nesting_by_aliases_is_bounded() =>
        Refused("levels deep", "a0: &a0 [x]\n" + Lines(1, 200, i => $"a{i}: &a{i} [*a{i - 1}]\n"));

    [Fact]
    public void An_alias_bomb_is_refused_unexpanded() =>
        Refused("aliases expanded", "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + Lines(1, 80, i => $"a{i}: &a{i} [{Repeat($"*a{i - 1},", 50)}]\n"));

    [Fact]
    public void A_bomb_of_merges_is_refused() =>
        Refused("aliases expanded", "a0: &a0 {x: 1}\n" + Lines(1, 80, i => $"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], y{i}: 1}}\n"));

    [Fact]
    public void A_long_text_that_is_aliased_often_is_refused() =>
        Refused("aliases expanded", $"a: &a '{Repeat("x", 1_000_000)}'\nb: [{Repeat("*a,", 3000)}]\n");

    [Fact]
    public void The_number_of_values_is_bounded() => Refused("values", Repeat("- a\n", Megabytes));

    [Fact]
    public void A_long_key_is_refused() => Refused("key", $"? {Repeat("k", Megabytes / 2)}\n: 1\n");

    [Theory]
    [InlineData("1")]
    [InlineData("1_")]
    [InlineData("1:1")]
    public void A_long_number_is_refused(string digits) => Refused("number", "a: 1" + Repeat(digits, Megabytes / 2).TrimEnd(':'));

    [Fact]
    public void Many_lines_at_the_left_between_brackets_are_given_up() =>
        Refused("not indented enough", $"a: [\n{Repeat("x,\n", 400_000)}]");

    public static TheoryData<string> Monotonous => new(" ", "\t", "\n", "\r\n", "#", "#\n", "'", "\"", "x", ":", "-", "!", "&a", "*", "|",
        "a: ", "---\n", "%", "'a': ", "[],", "<<", "\\");

    [Theory]
    [MemberData(nameof(Monotonous))]
    public void Megabytes_of_the_same_are_read_or_refused(string part) =>
        Assert.True(Record.Exception(() => YamlReader.Read(Repeat(part, Megabytes / 4), default)) is null or YamlFault);

    private static void Refused(string part, string yaml) =>
        Assert.Contains(part, Assert.Throws<YamlFault>(() => YamlReader.Read(yaml, default)).Message);

    private static string Repeat(string part, int length) => string.Concat(Enumerable.Repeat(part, length / part.Length));

    private static string Lines(int from, int count, Func<int, string> line) => string.Concat(Enumerable.Range(from, count).Select(line));
}
