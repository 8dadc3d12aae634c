using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Checks;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Creates the JSON Schema of the workflow file for editors from the checker's table.</summary>
/// <remarks>
/// Uses draft 7, which editors support best. It accepts everything that Anovos runs with. Rules about several keys are left to the checker.
/// </remarks>
internal static class WorkflowSchema
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // Arguments of an imputation that the enclosing step sets.
    private static readonly string[] SetByStep = ["list_of_cols", "stats_missing", "stats_mode"];

    private static readonly StepTable Table = StepTable.Default;

    /// <summary>The text of the file.</summary>
    public static string Text()
    {
        JsonObject root = Mapping(Table.Root);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "Anovos workflow",
            ["description"] = $"The workflow file of Anovos {Table.Version}, read as YAML 1.1. Test-AnovosConfig finds more.",
        };
        foreach ((string name, JsonNode? value) in root)
            schema[name] = value!.DeepClone();
        schema["patternProperties"] = new JsonObject
        {
            ["^x-"] = new JsonObject { ["type"] = "object", ["description"] = "A block of your own, which Anovos ignores." },
        };
        schema["allOf"] = new JsonArray([.. Table.Root.Keys.SelectMany(RequiredWithBlocks)]);
        schema["definitions"] = new JsonObject
        {
            ["dataset"] = Mapping(Table.Dataset),
            ["group"] = Mapping(Table.Group),
            ["format"] = ValueSchema.Format(),
            ["options"] = new JsonObject
            {
                ["properties"] = new JsonObject(Table.Options.Select(option => KeyValuePair.Create(option, (JsonNode?)new JsonObject()))),
            },
        };
        return schema.ToJsonString(Indented) + "\n";
    }

    /// <summary>The schema of the value of a key.</summary>
    internal static JsonObject Value(StepKey key)
    {
        var schema = new JsonObject { ["description"] = key.Summary };
        JsonObject value = key.Shape is { } shape ? AllOf(shape)
            : key.Type == "mapping" ? Mapping(key)
            : ValueSchema.Of(key);
        foreach ((string name, JsonNode? part) in value)
            schema[name] = part?.DeepClone();
        if (key.Default is { } given && given.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            schema["default"] = JsonNode.Parse(given.GetRawText());
        return schema;
    }

    /// <summary>The keys of a mapping, which may be an object among others.</summary>
    internal static JsonObject Mapping(StepKey spec)
    {
        var properties = new JsonObject();
        var unlisted = new JsonObject();
        foreach (StepKey key in spec.Keys.Where(key => key.Set != "workflow"))
        {
            // An editor offers the keys in 'properties', and accepts the others.
            bool cannotRun = key.Broken is not null || key.Type == "unwritable";
            if (cannotRun)
                unlisted[$"^{key.Name}$"] = new JsonObject { ["type"] = "null", ["description"] = key.Summary };
            else if (key.IsHidden)
                unlisted[$"^{key.Name}$"] = Value(key);
            else
                properties[key.Name] = Value(key);

            // The name of an argument, but to an editor a YAML 1.1 boolean.
            if (key.Name == "N")
                unlisted["^false$"] = Value(key);
        }

        var schema = new JsonObject { ["type"] = spec.IsNullable ? new JsonArray("object", "null") : "object" };
        Others(spec, schema, properties);
        schema["properties"] = properties;
        if (unlisted.Count > 0)
            schema["patternProperties"] = unlisted;
        string[] required = [.. spec.Keys.Where(key => key.IsRequired).Select(key => key.Name)];
        if (required.Length > 0 && CanBeEmpty(spec))
        {
            schema["if"] = new JsonObject { ["minProperties"] = 1 };
            schema["then"] = new JsonObject { ["required"] = Texts(required) };
        }
        else if (required.Length > 0)
            schema["required"] = Texts(required);
        return schema;
    }

    /// <summary>A list of texts.</summary>
    internal static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);

    private static void Others(StepKey spec, JsonObject schema, JsonObject properties)
    {
        switch (spec.Others)
        {
            case "refused" or "ignored":
                schema["additionalProperties"] = false;
                break;
            case "dataset":
                schema["additionalProperties"] = AllOf("dataset");
                break;
            case "group":
                schema["additionalProperties"] = AllOf("group");
                foreach (string group in spec.Groups)
                    properties[group] = AllOf("group");
                break;
            case "options":
                schema["allOf"] = new JsonArray(Reference("options"));
                break;
            case "imputation":
                schema["additionalProperties"] = false;

                // Another key decides which arguments the mapping accepts, so the schema accepts the arguments of all.
                IEnumerable<StepKey> arguments = spec.Imputations.SelectMany(name => Table.Transformer(name)!.Keys);
                foreach (IGrouping<string, StepKey> same in arguments.GroupBy(key => key.Name))
                    Argument(same, properties);
                break;
        }
    }

    private static void Argument(IGrouping<string, StepKey> same, JsonObject properties)
    {
        bool isTaken = same.All(key => key.Set is null && key.Type != "unwritable");
        if (!isTaken || SetByStep.Contains(same.Key) || properties.ContainsKey(same.Key))
            return;
        JsonObject[] schemas = [.. same.Select(Value).DistinctBy(schema => schema.ToJsonString())];
        properties[same.Key] = schemas.Length == 1 ? schemas[0]
            : new JsonObject { ["description"] = same.First().Summary, ["anyOf"] = new JsonArray([.. schemas]) };
    }

    // To Anovos, these count as missing if they are empty.
    private static bool CanBeEmpty(StepKey spec) =>
        spec.Flag("emptyIsNone") || (spec.Name.StartsWith("write_", StringComparison.Ordinal) && Table.Root.Find(spec.Name) == spec);

    private static IEnumerable<JsonNode> RequiredWithBlocks(StepKey block) =>
        from key in block.Keys
        where key.RequiredWith is not null
        select new JsonObject
        {
            ["if"] = new JsonObject
            {
                ["required"] = Texts([block.Name, key.RequiredWith!]),
                ["properties"] = new JsonObject { [key.RequiredWith!] = new JsonObject { ["minProperties"] = 1 } },
            },
            ["then"] = new JsonObject
            {
                ["properties"] = new JsonObject { [block.Name] = new JsonObject { ["required"] = Texts([key.Name]) } },
            },
        };

    // Draft 7 ignores other keywords next to a reference.
    internal static JsonObject AllOf(string definition) => new() { ["allOf"] = new JsonArray(Reference(definition)) };

    private static JsonObject Reference(string definition) => new() { ["$ref"] = "#/definitions/" + definition };
}
