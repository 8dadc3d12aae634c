using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Reads a request as MLflow does: a field that cannot be parsed is dropped without an error, and so is everything after it.
/// </summary>
internal static partial class ProtobufJson
{
    // Python's JSON reader accepts a bare NaN, .NET's does not. The text is then read again with this in its place.
    private const string BareNumber = "\uE000NaN";

    private static readonly Dictionary<string, Func<Message, string, JsonElement, bool>> Readers = new()
    {
        ["status"] = Status,
        ["start_time"] = Integer,
        ["end_time"] = Integer,
        ["timestamp"] = Integer,
        ["step"] = Integer,
        ["max_results"] = Integer,
        ["expiration"] = Integer,
        ["experiment_ids"] = Texts,
        ["order_by"] = Texts,
        ["metrics"] = Messages,
        ["params"] = Messages,
        ["tags"] = Messages,
        ["models"] = Messages,
        ["value"] = Value,
        ["experiment_id"] = Text,
        ["experiment_name"] = Text,
        ["name"] = Text,
        ["new_name"] = Text,
        ["artifact_location"] = Text,
        ["run_id"] = Text,
        ["run_uuid"] = Text,
        ["run_name"] = Text,
        ["user_id"] = Text,
        ["key"] = Text,
        ["metric_key"] = Text,
        ["version"] = Text,
        ["alias"] = Text,
        ["stage"] = Text,
        ["source"] = Text,
        ["description"] = Text,
        ["model_id"] = Text,
        ["model_type"] = Text,
        ["source_run_id"] = Text,
        ["dataset_name"] = Text,
        ["dataset_digest"] = Text,
        ["archive_existing_versions"] = Flag,
        ["filter"] = Text,
        ["page_token"] = Text,
        ["view_type"] = Text,
        ["run_view_type"] = Text,
        ["path"] = Text,
    };

    public static JsonElement Parse(string text)
    {
        string quoted = BareNumbers().Replace(text, match => match.Value[0] == '"' ? match.Value : $"\"{BareNumber}\"");
        foreach (string candidate in new[] { text, quoted })
        {
            try
            {
                var json = JsonDocument.Parse(candidate).RootElement;
                if (json.ValueKind == JsonValueKind.Object)
                    return json;
            }
            catch (JsonException)
            {
            }
        }

        return JsonDocument.Parse("{}").RootElement;
    }

    /// <summary>False if it stopped early.</summary>
    public static bool Fill(Message message, JsonElement json)
    {
        foreach (var field in json.EnumerateObject())
        {
            bool known = Readers.TryGetValue(field.Name, out var read) && field.Value.ValueKind != JsonValueKind.Null;
            if (known && !read!(message, field.Name, field.Value))
                return false;
        }

        return true;
    }

    public static bool IsNumber(JsonElement json) => json.ValueKind == JsonValueKind.Number
        || (json.ValueKind == JsonValueKind.String && (json.GetString() == BareNumber || TryNumber(json.GetString()!, out _)));

    private static bool Text(Message message, string name, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.String || json.GetString() == BareNumber)
            return false;
        message[name] = json.GetString()!;
        return true;
    }

    private static bool Integer(Message message, string name, JsonElement json)
    {
        string text = json.ValueKind == JsonValueKind.String ? json.GetString()! : json.GetRawText();
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            if (json.ValueKind != JsonValueKind.Number || json.GetDouble() != Math.Truncate(json.GetDouble()))
                return false;
            value = (long)json.GetDouble();
        }

        message[name] = value;
        return true;
    }

    private static bool Value(Message message, string name, JsonElement json)
    {
        if (!message.IsMetric)
            return Text(message, name, json);
        double value = 0;
        bool parsed = json.ValueKind == JsonValueKind.Number ? json.TryGetDouble(out value) && double.IsFinite(value)
            : json.ValueKind == JsonValueKind.String && TryNumber(json.GetString()!, out value);
        if (parsed)
            message[name] = value;
        return parsed;
    }

    private static bool Status(Message message, string name, JsonElement json) =>
        json.ValueKind == JsonValueKind.String
        && json.GetString() is "RUNNING" or "SCHEDULED" or "FINISHED" or "FAILED" or "KILLED" && Text(message, name, json);

    private static bool Flag(Message message, string name, JsonElement json)
    {
        if (json.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            return false;
        message[name] = json.GetBoolean();
        return true;
    }

    private static bool Texts(Message message, string name, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
            return false;
        var list = message.List<string>(name);
        foreach (var item in json.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String)
                return false;
            list.Add(item.GetString()!);
        }

        return true;
    }

    private static bool Messages(Message message, string name, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
            return false;
        var list = message.List<Message>(name);
        foreach (var item in json.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object)
                return false;
            list.Add(new Message(item, isMetric: name == "metrics"));
            if (!Fill(list[^1], item))
                return false;
        }

        return true;
    }

    private static bool TryNumber(string text, out double value)
    {
        value = text switch { "NaN" => double.NaN, "Infinity" => double.PositiveInfinity, "-Infinity" => double.NegativeInfinity, _ => 0 };
        return value != 0 || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"|NaN|-?Infinity")]
    private static partial Regex BareNumbers();
}
