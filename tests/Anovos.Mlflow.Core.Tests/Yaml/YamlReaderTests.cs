using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

public class YamlReaderTests
{
    [Fact]
    public void Nodes_know_where_they_stand()
    {
        YamlMapping root = Read("a: 1\nb:\n  - x\n  - {c: 2}\n");
        var list = (YamlSequence)root["b"]!;
        Assert.Equal(new YamlPosition(1, 4), root["a"]!.Position);
        Assert.Equal(new YamlPosition(3, 3), list.Position);
        Assert.Equal(new YamlPosition(4, 9), ((YamlMapping)list.Items[1])["c"]!.Position);
    }

    [Fact]
    public void An_alias_is_the_node_of_its_anchor()
    {
        YamlMapping root = Read("a: &x {b: 1}\nc: *x\n");
        Assert.Same(root["a"], root["c"]);
    }

    [Fact]
    public void A_merge_brings_what_the_mapping_does_not_have_itself()
    {
        YamlMapping root = Read("d: &d {x: 1, y: 2}\na:\n  y: 3\n  <<: *d\n");
        Assert.Equal("x=1 y=3", Text(root.Mapping("a")!));
    }

    [Fact]
    public void Of_several_merged_mappings_the_earlier_wins()
    {
        YamlMapping root = Read("d: &d {x: 1, y: 1}\ne: &e {y: 2, z: 2}\na:\n  <<: [*d, *e]\n");
        Assert.Equal("y=1 z=2 x=1", Text(root.Mapping("a")!));
    }

    [Fact]
    public void A_merged_mapping_can_itself_have_merged()
    {
        YamlMapping root = Read("d: &d {x: 1}\ne: &e {<<: *d, y: 2}\na: {<<: *e, z: 3}\n");
        Assert.Equal("x=1 y=2 z=3", Text(root.Mapping("a")!));
    }

    [Theory]
    [InlineData("a:\n  x: 1\n  x: 2\n", 3, 3, "line 2")]
    [InlineData("a: {x: 1, 'x': 2}\n", 1, 11, "line 1")]
    [InlineData("yes: 1\non: 2\n", 2, 1, "line 1")]
    [InlineData("a: {<<: 1, b: 2}\n", 1, 9, "merges mappings")]
    [InlineData("a: {<<: [{x: 1}, y]}\n", 1, 9, "merges mappings")]
    [InlineData("[a]: 1\n", 1, 1, "key")]
    [InlineData("? {a: 1}\n: 1\n", 1, 3, "key")]
    [InlineData("a: *x\n", 1, 4, "*x")]
    [InlineData("a: &x [*x]\n", 1, 8, "inside")]
    [InlineData("a: &x 1\nb: &x 2\n", 2, 4, "second time")]
    [InlineData("a: 1\n---\nb: 2\n", 2, 1, "second document")]
    public void What_a_workflow_must_not_have_is_a_fault_at_its_place(string yaml, int line, int column, string part)
    {
        var fault = Assert.Throws<YamlFault>(() => Read(yaml));
        Assert.Equal(new YamlPosition(line, column), fault.Position);
        Assert.Contains(part, fault.Message);
    }

    [Theory]
    [InlineData("1: a\n'1': b\n")]
    [InlineData("yes: a\n'yes': b\n")]
    [InlineData("=: a\n'=': b\n", false)]
    public void A_number_and_its_text_are_two_keys(string yaml, bool differ = true)
    {
        if (differ)
            Assert.Equal(2, Read(yaml).Entries.Count);
        else
            Assert.Throws<YamlFault>(() => Read(yaml));
    }

    [Theory]
    [InlineData("a: [\n1,\n2]\n")]
    [InlineData("x:\n  a: [\n  p,\n  q\n  ]\n")]
    [InlineData("a: {\np: 1,\nq: 2\n}\n")]
    [InlineData("a: [1\n\n,2\n]\n")]
    public void Lines_between_brackets_may_begin_at_the_left(string yaml)
    {
        YamlMapping root = Read(yaml + "last: 1\n");
        int line = yaml.Split('\n').Length;
        Assert.Equal(new YamlPosition(line, 1), root.Find("last")!.Key.Position);
    }

    [Fact]
    public void A_padded_line_keeps_its_columns()
    {
        var list = (YamlSequence)Read("a: [\n1, 2]\n")["a"]!;
        Assert.Equal([new YamlPosition(2, 1), new YamlPosition(2, 4)], list.Items.Select(item => item.Position));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("\n\n")]
    public void Without_a_document_there_is_nothing(string yaml) => Assert.Null(YamlReader.Read(yaml, default));

    [Fact]
    public void Reading_can_be_cancelled() =>
        Assert.Throws<OperationCanceledException>(() => YamlReader.Read("a: 1", new CancellationToken(canceled: true)));

    private static YamlMapping Read(string yaml) => (YamlMapping)YamlReader.Read(yaml, default)!;

    private static string Text(YamlMapping mapping) =>
        string.Join(" ", mapping.Entries.Select(entry => $"{entry.Key.Text}={((YamlScalar)entry.Value).Text}"));
}
