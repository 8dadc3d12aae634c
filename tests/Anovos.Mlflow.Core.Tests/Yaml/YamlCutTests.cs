using System.Text;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

/// <summary>Removes a block from a file. Everything else in the file must stay unchanged.</summary>
public class YamlCutTests
{
    [Theory]
    [InlineData("a: 1\nmlflow:\n  x: 1\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("mlflow:\n  x: 1\nb: 2\n", "b: 2\n")]
    [InlineData("a: 1\nmlflow:\n  x: 1", "a: 1\n")]
    [InlineData("a: 1\r\nmlflow:\r\n  x: 1\r\n\r\nb: 2\r\n", "a: 1\r\n\r\nb: 2\r\n")]
    [InlineData("a: 1\rmlflow:\r  x: 1\rb: 2\r", "a: 1\rb: 2\r")]
    [InlineData("\uFEFFmlflow:\n  x: 1\nb: é\n", "\uFEFFb: é\n")]
    [InlineData("# before\nmlflow: # on it\n  # in it\n  x: 1 # of it\n# behind\n  # and in\nb: 2\n",
        "# before\n# behind\n  # and in\nb: 2\n")]
    [InlineData("a: 1\nmlflow: {x: [2,\n3]}\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow: # none\n  {\n  }\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\n'mlflow': {x: 1, y: [2,\n 3]} # gone\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\n? mlflow\n: x: 1\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow:\n  - 1\n  - y: |\n      text\n\n      more\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow:\n- 1\n- 2\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow: text that\n  goes on\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow:\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("a: 1\nmlflow: null\nb: 2\n", "a: 1\nb: 2\n")]
    [InlineData("  a: 1\n  mlflow:\n    x: 1\n  b: 2\n", "  a: 1\n  b: 2\n")]
    [InlineData("---\na: 1\nmlflow:\n  x: 1\n...\n", "---\na: 1\n...\n")]
    [InlineData("x-t: &t {x: 1}\nmlflow: *t\nb: *t\n", "x-t: &t {x: 1}\nb: *t\n")]
    [InlineData("mlflow:\n  x: &x 1\n  y: *x\nb: 2\n", "b: 2\n")]
    [InlineData("a: {mlflow: {x: 1}}\nmlflow:\n  mlflow: 1\nb:\n  mlflow: 2\n", "a: {mlflow: {x: 1}}\nb:\n  mlflow: 2\n")]
    [InlineData("a: mlflow\nb: 2\n", "a: mlflow\nb: 2\n")]
    [InlineData("a: '😀'\nmlflow:\n  x: '😀'\nb: '😀'\n", "a: '😀'\nb: '😀'\n")]
    public void The_lines_of_the_block_go_and_no_other(string file, string expected) => Assert.Equal(expected, Cut(file));

    [Theory]
    // An anchor of the block is used elsewhere.
    [InlineData("mlflow: &m\n  x: 1\nb: *m\n", "\"b\": {\"x\": 1, }\n")]
    // The block comes from a merge, or from both.
    [InlineData("x-t: &t\n  mlflow: {x: 1}\n<<: *t\nb: 2\n", "\"x-t\": {\"mlflow\": {\"x\": 1, }, }\n\"b\": 2\n")]
    [InlineData("x-t: &t\n  mlflow: {x: 1}\n<<: *t\nmlflow: {y: 2}\nb: 2\n", "\"x-t\": {\"mlflow\": {\"x\": 1, }, }\n\"b\": 2\n")]
    // The block shares a line, or the end of the value before it.
    [InlineData("{a: 1, mlflow: {x: 1}, b: [yes, ~, 0x1F, 1.5, 12:30, 2020-01-02, 'no']}",
        "\"a\": 1\n\"b\": [true, null, 0x1F, 1.5, !!int \"12:30\", 2020-01-02, \"no\", ]\n")]
    [InlineData("a: |+\n  text\n\nmlflow:\n  x: 1\n\n\nb: 2\n", "\"a\": \"text\\u000A\\u000A\"\n\"b\": 2\n")]
    [InlineData("mlflow:\n  x: 1\n", "{}\n")]
    public void Where_lines_do_not_do_the_values_stay(string file, string expected) => Assert.Equal(expected, Cut(file));

    [Theory]
    [InlineData("unicode")]
    [InlineData("unicodeFFFE")]
    public void A_file_in_UTF_16_stays_in_it(string name)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        byte[] Of(string text) => [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];
        Assert.Equal(Of("a: é\nb: 😀\n"),
            YamlCut.Without(Of("a: é\nmlflow:\n  x: ü\nb: 😀\n"), "mlflow", TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_block_that_is_there_twice_is_refused_as_everywhere() =>
        Assert.Contains("second time", Assert.Throws<YamlFault>(() => Cut("mlflow: {x: 1}\na: 1\nmlflow: {y: 1}\n")).Message);

    private static string Cut(string file) =>
        Encoding.UTF8.GetString(YamlCut.Without(Encoding.UTF8.GetBytes(file), "mlflow", TestContext.Current.CancellationToken));
}
