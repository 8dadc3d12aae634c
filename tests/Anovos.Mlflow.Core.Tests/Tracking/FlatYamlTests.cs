using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class FlatYamlTests
{
    public static TheoryData<string> Texts =>
    [
        "plain", "file:///srv/a%20b/c", "/Users/a@b.c/exp", "two words", "it's", "größe 世界", "emoji 😀",
        "", " ", "  leading", "trailing ", "a  b", "yes", "No", "on", "off", "n", "~", "null", "NULL", "true",
        "0", "007", "1e3", "1.5e+5", "1_000", "0x1f", "12:30:45", "2020-01-01", ".5", "+1", "-1", ".inf", ".nan", "123e4567",
        "a: b", "a:", ": a", "a #b", "#x", "a#b", "- a", "-", "---", "...", "? a", "[a", "{a}", "!x", "&x", "*x", "%x", "@x", "`x`", "|", "> x", "=", "<<",
        "'quoted'", "\"quoted\"", "back\\slash", "a\nb", "\n", "a\n\nb\n", "a\n  b\n c", "\ttab", "a\tb", "\r\n", "a\rb",
        "\0", "\u0007", "\u001b", "\u007f", "\u0085", "\u00a0", "\u2028 x", "\u2029", "\ufeff", "\uffff",
        new string('x', 500), string.Concat(Enumerable.Repeat("word ", 60)),
    ];

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_text_reads_back_as_it_was_written(string text)
    {
        string written = FlatYamlText.Write(text);

        Assert.DoesNotContain('\n', written);
        Assert.Equal(text, FlatYamlReader.Read($"before: 1\nname: {written}\nafter: 2\n")["name"]);
    }

    [Theory]
    [InlineData("Anovos", "Anovos")]
    [InlineData("a: b", "'a: b'")]
    [InlineData("it's # x", "'it''s # x'")]
    [InlineData("0", "'0'")]
    [InlineData("yes", "'yes'")]
    [InlineData("a\nb", "\"a\\nb\"")]
    public void Quotes_are_used_where_they_are_needed(string text, string expected) => Assert.Equal(expected, FlatYamlText.Write(text));

    // Written by PyYAML with libyaml.
    [Theory]
    [InlineData("'a\n\n  b'", "a\nb")]
    [InlineData("'a\n\n\n  b\n\n  '", "a\n\nb\n")]
    [InlineData("'\u2028  ls'", "\u2028ls")]
    [InlineData("\"emoji \\U0001F600\"", "emoji 😀")]
    [InlineData("\"tab\\t\\n y \\\"q\\\" \\x7F \\Nnel \\0\"", "tab\t\n y \"q\" \u007f \u0085nel \0")]
    [InlineData("\"long \\\n  \\ text\\\n  \\ here\"", "long  text here")]
    [InlineData("'word word\n  word word '", "word word word word ")]
    [InlineData("plain words\n  that go on\n  and on", "plain words that go on and on")]
    [InlineData("plain # a comment", "plain")]
    [InlineData("a#b", "a#b")]
    [InlineData("'quoted' # a comment", "quoted")]
    public void What_PyYAML_folded_and_escaped_is_read(string scalar, string expected)
    {
        var fields = FlatYamlReader.Read($"name: {scalar}\nnext: x\n");

        Assert.Equal(expected, fields["name"]);
        Assert.Equal("x", fields["next"]);
    }

    [Fact]
    public void What_is_nested_is_passed_over()
    {
        var fields = FlatYamlReader.Read("---\n# comment\ntags:\n  k: v\n  'l: m': \"a\n\n    b\"\nlist:\n- a\n- b: c\nempty: {}\nnone: null\r\nname: x");

        Assert.Equal("x", fields["name"]);
        Assert.Equal(["empty", "list", "name", "none", "tags"], fields.Keys.Order());
        Assert.All(["empty", "list", "none", "tags"], key => Assert.Null(fields[key]));
    }

    [Theory]
    [InlineData("no colon")]
    [InlineData("name: 'no end")]
    [InlineData("name: \"\\q\"")]
    [InlineData("name: \"\\UFFFFFFFF\"")]
    [InlineData("name: \"\\u12")]
    public void What_is_no_flat_mapping_is_an_error(string text) => Assert.Throws<FormatException>(() => FlatYamlReader.Read(text));
}
