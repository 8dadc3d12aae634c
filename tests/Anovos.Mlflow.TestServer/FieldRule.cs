using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>A rule that MLflow checks for a field before it handles the request.</summary>
internal sealed record FieldRule(string Name, bool IsRequired = false)
{
    private Func<JsonElement, bool> Takes { get; init; } = _ => true;

    public static FieldRule Text(string name, bool isRequired = false) =>
        new(name, isRequired) { Takes = json => json.ValueKind == JsonValueKind.String };

    public static FieldRule Integer(string name, bool isRequired = false, long most = long.MaxValue) =>
        new(name, isRequired) { Takes = json => ProtobufJson.IsNumber(json) && Number(json) <= most };

    public static FieldRule Number(string name, bool isRequired = false) => new(name, isRequired) { Takes = ProtobufJson.IsNumber };

    /// <summary>Each item of the list <paramref name="name"/> must have that field.</summary>
    public static FieldRule Each(string name, string field) => new(name) { ItemField = field };

    private string? ItemField { get; init; }

    public void Check(JsonElement request)
    {
        bool isThere = request.TryGetProperty(Name, out var json) && json.ValueKind != JsonValueKind.Null;
        if (IsRequired && (!isThere || (json.ValueKind == JsonValueKind.String && json.GetString() == "")))
            throw ApiException.Missing(Name);
        if (isThere && !Takes(json))
        {
            throw ApiException.Invalid($"Invalid value {json.GetRawText()} for parameter '{Name}' supplied: "
                + $" Hint: Value was of type '{PythonType(json)}'. See the API docs for more information about request parameters.");
        }

        if (isThere && ItemField != null && json.ValueKind == JsonValueKind.Array)
            CheckItems(json, ItemField);
    }

    private void CheckItems(JsonElement list, string field)
    {
        int index = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Object && !item.TryGetProperty(field, out _))
                throw ApiException.Missing($"{Name}[{index}].{field}");
            index++;
        }
    }

    private static double Number(JsonElement json) =>
        double.Parse(json.ToString(), System.Globalization.CultureInfo.InvariantCulture);

    private static string PythonType(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => "str",
        JsonValueKind.Number => json.GetRawText().AsSpan().IndexOfAny(".eE") < 0 ? "int" : "float",
        JsonValueKind.Array => "list",
        JsonValueKind.Object => "dict",
        _ => "bool",
    };
}
