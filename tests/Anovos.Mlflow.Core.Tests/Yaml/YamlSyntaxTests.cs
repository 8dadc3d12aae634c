using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

public class YamlSyntaxTests
{
    [Theory]
    [InlineData("a:\n\tb: 1\n", 2, 1, "tab")]
    [InlineData("a:\n  b: 1\n\tc: 2\n", 3, 1, "tab")]
    [InlineData("a:\t1\n", 1, 3, "tab")]
    [InlineData("a: x\ty\n", 1, 5, "tab")]
    [InlineData("a: 1\t# why\n", 1, 5, "tab")]
    [InlineData("a: 'x\nb: 1\n", 1, 4, "quote that opens here is never closed")]
    [InlineData("a: \"x\nb: 1\n", 1, 4, "double quote that opens here is not closed")]
    [InlineData("a: 'it's'\n", 1, 8, "value is complete")]
    [InlineData("a: \"C:\\data\"\n", 1, 4, "backslash")]
    [InlineData("a: \"C:\\x\"\n", 1, 4, "hexadecimal")]
    [InlineData("a: 1\nb\nc: 2\n", 2, 1, "no ': '")]
    [InlineData("a:1\nb: 2\n", 2, 2, "There is a ': ' where a key is not allowed")]
    [InlineData("a: b: c\n", 1, 5, "There is a ': ' where a key is not allowed")]
    [InlineData("a: 1\n  b: 2\n", 2, 4, "There is a ': ' where a key is not allowed")]
    [InlineData("a:\n  b: 1\n c: 2\n", 3, 2, "indentation of this line does not match")]
    [InlineData("a:\n  - b\n - c\n", 3, 2, "indentation of this line does not match")]
    [InlineData("a: - b\n", 1, 4, "list item")]
    [InlineData("a: [1, 2\nb: 3\n", 2, 2, "a ']' is expected here")]
    [InlineData("a: {b: 1\nc: 3\n", 2, 2, "a '}' is expected here")]
    [InlineData("a: [1,\n", 2, 1, "never closed")]
    [InlineData("a: [1,,2]\n", 1, 7, "before ','")]
    [InlineData("a: @b\n", 1, 4, "cannot begin with '@'")]
    [InlineData("a: %b\n", 1, 4, "cannot begin with '%'")]
    [InlineData("a: [x]#y\n", 1, 6, "'#'")]
    [InlineData("a: * b\n", 1, 4, "alias")]
    [InlineData("'a' 'b'\n", 1, 5, "document is complete")]
    public void A_slip_is_explained_where_it_is(string yaml, int line, int column, string part)
    {
        var fault = Assert.Throws<YamlFault>(() => YamlReader.Read(yaml, default));
        Assert.Contains(part, fault.Message);
        Assert.Equal(new YamlPosition(line, column), fault.Position);
        Assert.NotEmpty(fault.Advice);
    }

    [Theory]
    [InlineData("a: 1 # a\tb\n")]
    [InlineData("# \t\na: 1\n")]
    [InlineData("a: 'x\ty'\n")]
    [InlineData("a: \"x\ty\"\n")]
    [InlineData("a: |\n  x\ty\nb: 1\n")]
    public void A_tab_inside_text_or_a_comment_is_fine(string yaml) => Assert.NotNull(YamlReader.Read(yaml, default));

    [Theory]
    [InlineData("- : x")]
    [InlineData("... \na: 1")]
    [InlineData("a: ?")]
    [InlineData("&a &b c")]
    [InlineData("%YAML 9.9\n---\na")]
    [InlineData("a: !<%> b")]
    [InlineData("a: \"\\ud800\"")]
    [InlineData("?\n?\n- :")]
    public void What_the_parser_stumbles_over_is_a_fault_too(string yaml) =>
        Assert.Throws<YamlFault>(() => YamlReader.Read(yaml, default));
}
