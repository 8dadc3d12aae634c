using System.Text.Json;
using Anovos.Mlflow.Checks;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Compares the table of what Anovos accepts with facts read from Anovos itself.</summary>
public class TableTests
{
    [Fact]
    public void Every_argument_of_a_function_is_in_the_table_and_no_other()
    {
        using var facts = JsonDocument.Parse(File.ReadAllText(SharedMistakesTests.Folder("signatures.json")));
        Dictionary<string, JsonElement> functions = facts.RootElement.GetProperty("functions").EnumerateArray()
            .ToDictionary(function => $"{function.GetProperty("module").GetString()}.{function.GetProperty("name").GetString()}");
        StepKey[] steps = [.. All().Where(key => key.Function is not null)];
        Assert.True(steps.Length > 40);
        foreach (StepKey step in steps.Where(step => step.Name != "stats_generator"))
        {
            JsonElement[] arguments = [.. functions[step.Function!].GetProperty("args").EnumerateArray().Where(IsWritten)];
            string[] expected = [.. arguments.Select(Name).Order(StringComparer.Ordinal)];
            string[] keys = [.. step.Keys.Where(key => !key.IsHidden
                && key.Set != "workflow").Select(key => key.Name).Order(StringComparer.Ordinal)];
            Assert.True(expected.SequenceEqual(keys), $"{step.Name}: {string.Join(", ", expected)} / {string.Join(", ", keys)}");
            foreach (JsonElement argument in arguments)
                Compare(step, step.Find(Name(argument))!, argument);
        }
    }

    [Fact]
    public void Every_block_and_every_step_of_a_block_is_in_the_table()
    {
        using var facts = JsonDocument.Parse(File.ReadAllText(SharedMistakesTests.Folder("signatures.json")));
        foreach (JsonElement block in facts.RootElement.GetProperty("keys").EnumerateArray().Where(key =>
            key.GetProperty("key").GetString()![0] != '('))
        {
            StepKey? key = StepTable.Default.Root.Find(block.GetProperty("key").GetString()!);
            Assert.NotNull(key);
            if (block.GetProperty("sub_keys") is not { ValueKind: JsonValueKind.Array } names)
                continue;
            foreach (string name in names.EnumerateArray().Select(name => name.GetString()!).Where(name => name[0] != '<'))
                Assert.True(StepTable.Default.Shape(key).Find(name) is not null, $"{key.Name}.{name}");
        }
    }

    [Fact]
    public void Every_key_has_a_type_that_the_checker_knows_and_a_description()
    {
        string[] types =
        [
            "mapping", "flag", "boolean", "truth", "option", "number", "integer", "numbers", "choice", "choices", "columns", "names",
                "types", "expressions", "column",
            "text", "path", "paths", "list", "patterns", "span", "value", "metrics", "tracked", "unwritable", "any",
        ];
        Assert.All(All().Where(key => key.Name.Length > 0), key =>
        {
            Assert.Contains(key.Type, types);
            Assert.EndsWith(".", key.Summary);
        });
    }

    private static void Compare(StepKey step, StepKey key, JsonElement argument)
    {
        string name = $"{step.Name}.{key.Name}";
        JsonElement accepted = argument.GetProperty("accepted");
        if (accepted.ValueKind == JsonValueKind.Array)
        {
            Assert.Equal(accepted.EnumerateArray().Where(value => value.ValueKind == JsonValueKind.String).Select(value =>
                value.GetString()).Order(StringComparer.Ordinal),
                key.Allowed.Order(StringComparer.Ordinal));
        }

        JsonElement value = argument.GetProperty("default");
        bool isLiteral = !(value.ValueKind == JsonValueKind.String && value.GetString() == "required")
            && !(value.ValueKind == JsonValueKind.Object && value.TryGetProperty("$expr", out _));
        if (isLiteral)
            Assert.True(key.Default is { } own && own.GetRawText().Replace(" ", "").Replace("\n", "") == value.GetRawText().Replace(" ",
                "").Replace("\n", ""), $"{name}: {value}");
    }

    private static bool IsWritten(JsonElement argument) => argument.GetProperty("set_by_workflow").ValueKind != JsonValueKind.True
        && argument.GetProperty("name").GetString() is not ("spark" or "idf" or "*idfs" or "idfs" or "df" or "idf_target" or "idf_source");

    private static string Name(JsonElement argument) =>
        argument.TryGetProperty("yaml_key", out JsonElement key)
            && key.ValueKind == JsonValueKind.String ? key.GetString()! : argument.GetProperty("name").GetString()!;

    private static IEnumerable<StepKey> All() =>
        Below(StepTable.Default.Root).Concat(Below(StepTable.Default.Dataset)).Concat(Below(StepTable.Default.Group));

    private static IEnumerable<StepKey> Below(StepKey key) => key.Keys.SelectMany(Below).Prepend(key);
}
