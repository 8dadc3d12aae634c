using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Checks;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Creates the schema of a value that is not a mapping: its types, its choices and its range.</summary>
internal static class ValueSchema
{
    private const string NumericText =
        @"\s*[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*|[iI][nN][fF]|[nN][aA][nN])(?:[eE][-+]?[0-9]+)?\s*";
    private const string Truth = "Write True or False without quotes: any other text counts as true.";

    /// <summary>The schema for a key.</summary>
    public static JsonObject Of(StepKey key)
    {
        JsonObject schema = key.Type switch
        {
            "flag" or "option" => Text(Typed("boolean", "string"), AnyCase("true|false"), "Write True or False."),
            "boolean" => Typed("boolean"),
            "truth" => Text(Typed("boolean", "number", "string"), "", Truth),
            "number" or "integer" => Number(key, []),
            "numbers" => Number(key, ["array"]),
            "choice" => Choice(key),
            "choices" => Choices(key),
            "metrics" => new JsonObject { ["type"] = "array", ["items"] = Either(key.Allowed, string.Join("|", key.Helpers)) },
            "columns" => Columns(key),
            "names" => OrBoolean(Listed(Typed("string", "array"), OrBoolean(Typed("string")))),
            "expressions" => Listed(Typed("string", "array"), Typed("string")),
            "types" => Types(key),
            "column" => OrBoolean(Typed(key.Flag("listAllowed") ? ["string", "array"] : ["string"])),
            "text" or "path" => Typed("string"),
            "paths" => Listed(Typed("string", "array"), Typed("string"), atLeastOne: true),
            "list" => Typed("array"),
            "patterns" => Listed(Typed("array"), Typed("string")),
            "span" => Text(Typed("string"), @"\s*[-+0-9.eE]+(?:\s*,\s*[-+0-9.eE]+){2}\s*", "Write 'from,to,step'."),
            "value" => Typed("string", "number", "boolean"),
            "tracked" => Listed(Typed("boolean", "array"), Typed("string")),
            "any" => [],
            _ => throw new NotSupportedException($"The schema has nothing for the type '{key.Type}'."),
        };
        return key.IsNullable ? WithNull(schema) : schema;
    }

    // Editors treat y and n as booleans, as in YAML 1.1. PyYAML, and therefore Anovos, treats them as text: they may be columns.
    private static JsonObject OrBoolean(JsonObject schema) => new()
    {
        ["if"] = Typed("boolean"),
        ["else"] = schema,
    };

    private static JsonObject Typed(params string[] types) =>
        new() { ["type"] = types.Length == 1 ? types[0] : WorkflowSchema.Texts(types) };

    private static JsonObject Text(JsonObject schema, string pattern, string message)
    {
        schema["pattern"] = $"^(?:{pattern})$";
        schema["patternErrorMessage"] = message;
        return schema;
    }

    private static JsonObject Listed(JsonObject schema, JsonObject items, bool atLeastOne = false)
    {
        schema["items"] = items;
        if (atLeastOne)
            schema["minItems"] = 1;
        return schema;
    }

    private static JsonObject Number(StepKey key, string[] more)
    {
        string number = key.Type == "integer" && !key.Flag("decimals") ? "integer" : "number";
        JsonObject schema = Typed(key.Flag("numericText") ? [number, "string", .. more] : [number, .. more]);
        if (key.Flag("numericText"))
            Text(schema, NumericText, "Write a number.");

        if (more.Length > 0)
            schema["items"] = Typed(number);
        foreach ((string name, double? bound) in new[] { ("minimum", key.Min), ("exclusiveMinimum", key.Above), ("maximum", key.Max) })
        {
            if (bound is { } value)
                schema[name] = value;
        }

        return schema;
    }

    private static JsonObject Choice(StepKey key)
    {
        // A rule about several keys decides. The values are offered, and others are accepted.
        if (key.HasOwnRule)
            return new JsonObject { ["examples"] = WorkflowSchema.Texts(key.Allowed) };
        return key.Flag("open") ? WorkflowSchema.AllOf("format")
            : key.Flag("anyCase") ? Either(key.Allowed, AnyCase(string.Join("|", key.Allowed)))
            : new JsonObject { ["enum"] = WorkflowSchema.Texts(key.Allowed) };
    }

    /// <summary>A Spark format: an offered format, another known format, or the full name of a class.</summary>
    public static JsonObject Format()
    {
        IReadOnlyList<string> offered = StepTable.Default.Dataset.Find("read_dataset")!.Find("file_type")!.Allowed;
        IEnumerable<string> names = offered.Concat(StepTable.Default.Formats).Distinct().Where(name => !name.Contains('.'));
        return Either(offered, AnyCase(string.Join("|", names)) + @"|.+\..*");
    }

    private static JsonObject Choices(StepKey key)
    {
        string[] words = [.. key.Allowed.Where(word => word != "all")];
        string one = $"(?:{string.Join("|", words)})";
        JsonObject text = Text(Typed("string"), $@"all|\s*{one}\s*(?:\|\s*{one}\s*)*", $"Write some of: {string.Join(", ", key.Allowed)}.");
        return new JsonObject
        {
            ["anyOf"] = new JsonArray(new JsonObject { ["enum"] = WorkflowSchema.Texts(key.Allowed) }, text,
                Listed(Typed("array"), new JsonObject { ["enum"] = WorkflowSchema.Texts(words) }, atLeastOne: true)),
        };
    }

    private static JsonObject Columns(StepKey key)
    {
        JsonObject schema = key.Keys.Count > 0 ? WorkflowSchema.Mapping(key) : [];
        string[] types = key.Flag("listOnly") ? ["array"] : ["string", "array"];
        schema["type"] = WorkflowSchema.Texts(key.Keys.Count > 0 ? [.. types, "object"] : types);
        schema["items"] = OrBoolean(Typed("string"));
        if (key.TextIs("empty", "fails"))
            schema["minItems"] = 1;
        if (key.Keywords.Count > 0)
            schema["examples"] = WorkflowSchema.Texts(key.Keywords);
        return key.Flag("listOnly") ? schema : OrBoolean(schema);
    }

    private static JsonObject Types(StepKey key)
    {
        string one = $"(?:{AnyCase(string.Join("|", key.Allowed))}|{AnyCase(Formats.TypeWithParameters)})";
        string message = "Spark has no such type.";
        JsonObject text = Text(Typed("string"), $@"\s*{one}\s*(?:\|\s*{one}\s*)*", message);
        return new JsonObject
        {
            ["anyOf"] = new JsonArray(text, Listed(Typed("array"), Either(key.Allowed, one, message))),
        };
    }

    // The values that an editor offers, or any text.
    private static JsonObject Either(IReadOnlyList<string> offered, string pattern, string? message = null) => new()
    {
        ["anyOf"] = new JsonArray(new JsonObject { ["enum"] = WorkflowSchema.Texts(offered) },
            Text(Typed("string"), pattern, message ?? $"Write one of: {string.Join(", ", offered)}.")),
    };

    private static JsonObject WithNull(JsonObject schema)
    {
        if (schema["else"] is JsonObject other)
            WithNull(other);
        else if (schema["type"] is JsonArray types)
            types.Add("null");
        else if (schema["type"] is { } type)
            schema["type"] = WorkflowSchema.Texts([(string)type!, "null"]);
        else if (schema["enum"] is JsonArray values)
            values.Add(null);
        else if (schema["anyOf"] is JsonArray either)
            either.Add(Typed("null"));
        return schema;
    }

    // JavaScript has no inline option to ignore case.
    private static string AnyCase(string pattern) => Regex.Replace(pattern, @"\\.|[A-Za-z]",
        letter => letter.Value[0] == '\\' ? letter.Value : $"[{letter.Value.ToUpperInvariant()}{letter.Value.ToLowerInvariant()}]");
}
