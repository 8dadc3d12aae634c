using System.Text.Json;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>The check ends with findings for any value of a key.</summary>
public class RobustnessTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("-7.5")]
    [InlineData("\"\"")]
    [InlineData("[null, [1], {\"a\": null}]")]
    [InlineData("{\"read_dataset\": [1], \"a.b\": {\"treatment\": []}, \"7\": 7}")]
    public void A_value_of_any_kind_in_any_place_has_findings_with_a_place(string value)
    {
        var root = (YamlMapping)YamlReader.Read(Workflows.Full, default)!;

        // Testing all positions would take long, and they are similar.
        foreach (YamlNode target in Below(root).Where((_, index) => index % 7 == value.Length % 7))
        {
            foreach (ConfigDiagnostic found in Workflows.Check(Json(root, target, value)))
                Assert.True(found is { Line: >= 1, Column: >= 1, Message.Length: > 0, Advice.Length: > 0, Rule.Length: > 0 },
                    found.ToString());
        }
    }

    private static IEnumerable<YamlNode> Below(YamlNode node) => node switch
    {
        YamlMapping mapping => mapping.Entries.SelectMany(entry => Below(entry.Value)).Prepend(mapping),
        YamlSequence list => list.Items.SelectMany(Below).Prepend(list),
        _ => [node],
    };

    private static string Json(YamlEntry entry, YamlNode target, string value) =>
        $"{JsonSerializer.Serialize(entry.Key.Text)}: {Json(entry.Value, target, value)}";

    // YAML 1.1 accepts JSON.
    private static string Json(YamlNode node, YamlNode target, string value) => node == target ? value : node switch
    {
        YamlMapping mapping => $"{{{string.Join(", ", mapping.Entries.Select(entry => Json(entry, target, value)))}}}",
        YamlSequence list => $"[{string.Join(", ", list.Items.Select(item => Json(item, target, value)))}]",
        YamlScalar { Kind: YamlKind.String } text => JsonSerializer.Serialize(text.Text),
        YamlScalar scalar => scalar.IsNull ? "null" : scalar.Value,
        _ => "null",
    };
}
