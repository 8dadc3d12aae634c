using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Yaml;
using Json.Schema;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>The schema in the module, applied to workflows as YAML 1.1 reads them.</summary>
internal static class SchemaCheck
{
    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.FromText(File.ReadAllText(Path)));
    private static readonly EvaluationOptions List = new() { OutputFormat = OutputFormat.List };

    /// <summary>The file of the schema.</summary>
    public static string Path => System.IO.Path.Combine(SharedMaterial.Repository()!, "module", "anovos-workflow.schema.json");

    /// <summary>Returns the errors of the schema, each as a JSON pointer and the reason.</summary>
    public static string[] Alarms(string yaml) => Alarms(yaml, Schema.Value);

    /// <summary>Returns the errors of the schema in a file, each as a JSON pointer and the reason.</summary>
    public static string[] Alarms(string yaml, string path) => Alarms(yaml, JsonSchema.FromText(File.ReadAllText(path)));

    private static string[] Alarms(string yaml, JsonSchema schema)
    {
        JsonNode? document;
        try
        {
            document = Json(YamlReader.Read(yaml, default));
        }
        catch (YamlFault fault)
        {
            return [fault.Message];
        }

        EvaluationResults results = schema.Evaluate(JsonSerializer.SerializeToElement(document), List);
        if (results.IsValid)
            return [];
        string[] reasons =
        [
            .. from detail in results.Details ?? []
               where detail.Errors is not null
               from error in detail.Errors!
               select $"{detail.InstanceLocation}: {error.Value}",
        ];
        return reasons.Length > 0 ? reasons : ["it is refused"];
    }

    private static JsonNode? Json(YamlNode? node) => node switch
    {
        YamlMapping mapping => new JsonObject(mapping.Entries.Select(entry => KeyValuePair.Create(entry.Key.Text, Json(entry.Value)))),
        YamlSequence list => new JsonArray([.. list.Items.Select(Json)]),
        YamlScalar { IsNull: false } scalar => Json(scalar),
        _ => null,
    };

    private static JsonValue Json(YamlScalar scalar)
    {
        if (scalar.Boolean is { } boolean)
            return JsonValue.Create(boolean);
        return scalar.Kind is YamlKind.Integer or YamlKind.Float
            && double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
                ? JsonValue.Create(number) : JsonValue.Create(scalar.Text);
    }
}
