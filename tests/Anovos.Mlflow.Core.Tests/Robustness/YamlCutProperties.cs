using System.Text;
using Anovos.Mlflow.Yaml;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What holds for every workflow file when its mlflow block goes.</summary>
[Properties(Arbitrary = new[] { typeof(AnyText), typeof(AnyFile) }, MaxTest = 500)]
public sealed class YamlCutProperties
{
    [Property]
    public void Every_byte_outside_the_block_stays(AnyFile file)
    {
        byte[] cut = YamlCut.Without(file.With, "mlflow", default);
        Assert.Equal(Encoding.UTF8.GetString(file.Without), Encoding.UTF8.GetString(cut));
        Assert.Equal(file.Without, cut);
    }

    [Property]
    public void Anything_that_is_YAML_keeps_its_other_values(AnyText text, AnyFile file)
    {
        foreach (string yaml in new[]
        {
            $"{text.Value}\nmlflow: {{x: 1}}\n", $"a: {text.Value}\nmlflow:\n  x: {text.Value}\nb: 1\n",
                $"{{mlflow: {text.Value}, b: {text.Value}}}",
            $"mlflow: &m {text.Value}\nb: *m\n", $"x: &t\n  mlflow: 1\n  y: {text.Value}\n<<: *t\n", Encoding.UTF8.GetString(file.With)
                + text.Value,
        })
        {
            if (Read(Encoding.UTF8.GetBytes(yaml)) is not YamlMapping root)
                continue;
            var rest = (YamlMapping)Read(YamlCut.Without(Encoding.UTF8.GetBytes(yaml), "mlflow", default))!;
            Assert.Null(rest.Find("mlflow"));
            Assert.True(rest.HasValueOf(new YamlMapping(root.Position,
                [.. root.Entries.Where(entry => entry != root.Find("mlflow"))])), yaml);
        }
    }

    private static YamlNode? Read(byte[] bytes)
    {
        try
        {
            return YamlReader.Read(YamlText.Decode(bytes), default);
        }
        catch (YamlFault)
        {
            return null;
        }
    }

    /// <summary>A file of blocks, comments and empty lines, with the mlflow block somewhere in it.</summary>
    public sealed record AnyFile(string[] Before, string Block, string[] Behind, string LineEnd, bool HasMark, bool HasLastEnd)
    {
        private static readonly string[] Others =
        [
            "input_dataset:\n  read_dataset:\n    file_path: data/größe # where\n    file_type: csv", "# a comment",
                " # an indented one", "", "x-t: &t {a: 1}",
            "write_main: {file_path: output,\n  file_type: csv}", "owner: \"Ada 😀\"", "text: |\n  one\n\n  two",
                "list:\n- 1\n- [2, mlflow]",
            "folded: >-\n  mlflow:\n    x: 1", "nested:\n  mlflow:\n    x: 1", "'mlflow ': 1", "flag: yes",
                "odd: 'mlflow:\n\n  1'", "none:",
        ];

        private static readonly string[] Blocks =
        [
            "mlflow:\n  experiment: \"Anovos\" # name\n  tracking_uri: http://127.0.0.1:8889\n  # about flags\n\n  track_output: True",
            "mlflow: {experiment: Anovos, track_intermediates: [a, 'b']}",
                "'mlflow':\n    track_intermediates:\n    - data_ingest/*\n    - x: |\n        text",
            "\"mlflow\": &m\n  experiment: &e Anovos\n  tracking_uri: *e", "mlflow: null # off", "mlflow:",
                "? mlflow\n: experiment: Größe", "mlflow: >\n  one\n\n  two",
            "mlflow: 'a\n\n  b'", "mlflow: # none\n  {\n  }",
        ];

        public byte[] With => Bytes([.. Before, Block, .. Behind], HasLastEnd);

        // The last line of the file has no end of its own if it is the block's.
        public byte[] Without => Bytes([.. Before, .. Behind], HasLastEnd || Behind.Length == 0);

        public static Arbitrary<AnyFile> Arbitrary() => Arb.From(
            from before in Gen.Elements(Others).ArrayOf()
            from block in Gen.Elements(Blocks)
            from behind in Gen.Elements(Others).ArrayOf()
            from lineEnd in Gen.Elements("\n", "\r\n", "\r")
            from mark in Gen.Elements(false, true)
            from last in Gen.Elements(false, true)
            let first = before.Distinct().ToArray()
            select new AnyFile(first, block, [.. behind.Distinct().Except(first)], lineEnd, mark, last));

        private byte[] Bytes(string[] parts, bool hasLastEnd)
        {
            string text = string.Concat(parts.Select(part => part + "\n"));
            if (!hasLastEnd && text.Length > 0)
                text = text[..^1];

            // A file in which nothing is left is one with an empty mapping.
            bool isEmpty = parts.All(part => part.TrimStart().StartsWith('#') || part.Length == 0);
            return Encoding.UTF8.GetBytes(isEmpty ? "{}\n" : (HasMark ? "\uFEFF" : "")
                + text.Replace("\n", LineEnd, StringComparison.Ordinal));
        }
    }
}
