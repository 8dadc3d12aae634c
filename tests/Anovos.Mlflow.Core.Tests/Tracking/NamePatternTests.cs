using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public sealed class NamePatternTests
{
    [Theory]
    [InlineData("plain", "plain", false)]
    [InlineData("Fold [1]", "Fold [1]", false)]
    [InlineData("[", "[", false)]
    [InlineData("[dev ada] churn", "[dev ada] churn", false)]
    [InlineData("Fold `[1`]", "Fold `[1`]|Fold [1]", false)]
    [InlineData("a`*", "a`*|a*", false)]
    [InlineData("a`?b*", "a`?b*|a?b*", true)]
    [InlineData("a``b", "a``b|a`b", false)]
    [InlineData("a`b", "a`b", false)]
    [InlineData("end`", "end`", false)]
    [InlineData("f*", "f*", true)]
    [InlineData("f?", "f?", true)]
    [InlineData("", "", false)]
    public void The_exact_names_are_the_text_and_the_text_without_backticks(string text, string names, bool wildcards)
    {
        var pattern = new NamePattern(text);
        Assert.Equal(names.Split('|'), pattern.Names);
        Assert.Equal(wildcards, pattern.HasWildcards);
        Assert.Equal(text, pattern.ToString());
    }

    [Theory]
    [InlineData("Fold [*", "Fold [1]", true)]
    [InlineData("Fold [12]*", "Fold 1", false)]
    [InlineData("[dev ada] *", "[dev ada] churn", true)]
    [InlineData("Fold `[?`]", "Fold [1]", true)]
    [InlineData("a`*b*", "a*bc", true)]
    [InlineData("a`*b*", "axbc", false)]
    [InlineData("F*", "fold", false)]
    [InlineData("?old", "fold", true)]
    [InlineData("*", "", true)]
    [InlineData("*", "line\nend", true)]
    [InlineData("a\\*", "a\\b", true)]
    public void Only_stars_and_question_marks_are_wildcards_and_case_counts(string text, string name, bool matches) =>
        Assert.Equal(matches, new NamePattern(text).Matches(name));

    [Theory]
    [InlineData("Fold [1]", "Fold [1]")]
    [InlineData("Fold `[1`]", "Fold [1]")]
    [InlineData("Fold ?", "Fold ?")]
    [InlineData("Fold `?", "Fold ?")]
    [InlineData("Fold *", "Fold 1|Fold ?|Fold [1]")]
    [InlineData("fold 1", "")]
    [InlineData("Fold [2]", "")]
    public void An_exact_name_comes_before_wildcards(string text, string found) =>
        Assert.Equal(found, string.Join('|', new NamePattern(text).Among(["Fold 1", "Fold ?", "Fold [1]"])));

    [Fact]
    public void The_text_comes_before_the_text_without_backticks() =>
        Assert.Equal(["a`*"], new NamePattern("a`*").Among(["a*", "a`*"]));

    [Fact]
    public void An_escaped_name_means_that_name_alone()
    {
        var random = new Random(16);
        const string Letters = "aB*?[]`' \"\\%_é";
        for (int i = 0; i < 2000; i++)
        {
            string name = new([.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => Letters[random.Next(Letters.Length)])]);
            var pattern = new NamePattern(NamePattern.Escape(name));
            Assert.Equal(name, pattern.Names[^1]);
            Assert.False(pattern.HasWildcards);
            Assert.Equal([name], pattern.Among([name, name + "x", "x" + name, name.ToUpperInvariant() + "."]));
        }
    }

    [Fact]
    public async Task A_pattern_that_cannot_be_a_name_is_only_a_pattern()
    {
        static Task<string?> Refuse(string name) => throw new MlflowException(ErrorKind.InvalidValue, $"'{name}' cannot be a name.");

        Assert.Null(await new NamePattern("*").FindAsync(Refuse, name => name));
        await Assert.ThrowsAsync<MlflowException>(() => new NamePattern("[").FindAsync(Refuse, name => name));
    }

    [Fact]
    public async Task A_store_that_ignores_case_finds_no_other_thing()
    {
        Assert.Null(await new NamePattern("churn").FindAsync(_ => Task.FromResult<string?>("Churn"), name => name));

        // Databricks finds an experiment and returns a longer path than its name.
        var located = new NamePattern("/Workspace/Users/a/x");
        Assert.Equal("/Users/a/x", await located.FindAsync(_ => Task.FromResult<string?>("/Users/a/x"), name => name));
    }
}
