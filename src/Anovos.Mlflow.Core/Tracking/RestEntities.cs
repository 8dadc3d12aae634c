using System.Globalization;
using System.Text.Json;

namespace Anovos.Mlflow.Tracking;

/// <summary>The JSON forms of experiments, runs and their data. Fields that this client does not know are passed over.</summary>
internal static class RestEntities
{
    public static Experiment ReadExperiment(JsonElement json) => new()
    {
        ExperimentId = Text(json, "experiment_id"),
        Name = Text(json, "name"),
        ArtifactLocation = Text(json, "artifact_location"),
        LifecycleStage = Stage(json),
        CreationTime = Time(json, "creation_time"),
        LastUpdateTime = Time(json, "last_update_time"),
        Tags = Dictionary(json, "tags", Value),
    };

    public static Run ReadRun(JsonElement json, string trackingUri)
    {
        JsonElement info = json.GetProperty("info");
        JsonElement data = json.TryGetProperty("data", out JsonElement value) ? value : default;
        return new Run
        {
            RunId = Text(info, "run_id"),
            ExperimentId = Text(info, "experiment_id"),
            RunName = Text(info, "run_name"),
            Status = Enum.TryParse(Text(info, "status"), ignoreCase: true, out RunStatus status) ? status : RunStatus.Running,
            StartTime = Time(info, "start_time") ?? DateTimeOffset.FromUnixTimeMilliseconds(0),
            EndTime = Time(info, "end_time"),
            UserId = Text(info, "user_id"),
            ArtifactUri = Text(info, "artifact_uri"),
            LifecycleStage = Stage(info),
            TrackingUri = trackingUri,
            Params = Dictionary(data, "params", Value),
            Metrics = Dictionary(data, "metrics", metric => Number(metric, "value")),
            Tags = Dictionary(data, "tags", Value),
        };
    }

    public static Metric ReadMetric(JsonElement json) => new(Text(json, "key"), Number(json, "value"), Whole(json, "timestamp"), Whole(json, "step"));

    /// <summary>A page of a search. A token that repeats would be asked for without end, so it ends the search.</summary>
    public static Page<T> ReadPage<T>(JsonElement json, string property, string? pageToken, Func<JsonElement, T> read)
    {
        T[] items = [.. Items(json, property).Select(read)];
        string next = Text(json, "next_page_token");
        return new Page<T>(items, next.Length == 0 || next == pageToken ? null : next);
    }

    public static void WriteTags(Utf8JsonWriter body, IReadOnlyList<Tag> tags)
    {
        if (tags.Count == 0)
            return;
        body.WriteStartArray("tags");
        foreach (Tag tag in tags)
            WritePair(body, tag.Key, tag.Value);
        body.WriteEndArray();
    }

    public static void WriteData(Utf8JsonWriter body, RunData data)
    {
        body.WriteStartArray("params");
        foreach (Param param in data.Params)
            WritePair(body, param.Key, param.Value);
        body.WriteEndArray();

        body.WriteStartArray("metrics");
        foreach (Metric metric in data.Metrics)
        {
            body.WriteStartObject();
            body.WriteString("key", metric.Key);
            WriteNumber(body, "value", metric.Value);
            body.WriteNumber("timestamp", metric.Timestamp);
            body.WriteNumber("step", metric.Step);
            body.WriteEndObject();
        }

        body.WriteEndArray();
        WriteTags(body, data.Tags);
    }

    public static void WriteStrings(Utf8JsonWriter body, string name, IReadOnlyList<string> values)
    {
        body.WriteStartArray(name);
        foreach (string value in values)
            body.WriteStringValue(value);
        body.WriteEndArray();
    }

    public static string Name(RunStatus status) => status.ToString().ToUpperInvariant();

    public static string Name(ViewType view) => view switch
    {
        ViewType.ActiveOnly => "ACTIVE_ONLY",
        ViewType.DeletedOnly => "DELETED_ONLY",
        _ => "ALL",
    };

    private static void WritePair(Utf8JsonWriter body, string key, string value)
    {
        body.WriteStartObject();
        body.WriteString("key", key);
        body.WriteString("value", value);
        body.WriteEndObject();
    }

    // A bare NaN makes the server drop that field and all that follow it, and answer 200.
    private static void WriteNumber(Utf8JsonWriter body, string name, double value)
    {
        if (double.IsNaN(value))
            body.WriteString(name, "NaN");
        else if (double.IsInfinity(value))
            body.WriteString(name, value > 0 ? "Infinity" : "-Infinity");
        else
            body.WriteNumber(name, value);
    }

    private static double Number(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out JsonElement value))
            return 0; // proto3 leaves a zero out
        return value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : value.GetString() switch
            {
                "Infinity" => double.PositiveInfinity,
                "-Infinity" => double.NegativeInfinity,
                var text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : double.NaN,
            };
    }

    private static long Whole(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out JsonElement value))
            return 0; // proto3 leaves a zero out
        return value.ValueKind == JsonValueKind.Number ? value.GetInt64()
            : long.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long parsed) ? parsed : 0;
    }

    private static DateTimeOffset? Time(JsonElement json, string name)
    {
        long milliseconds = Whole(json, name);
        return milliseconds == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }

    private static LifecycleStage Stage(JsonElement json) => Text(json, "lifecycle_stage") == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;

    private static string Value(JsonElement pair) => Text(pair, "value");

    private static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static IEnumerable<JsonElement> Items(JsonElement json, string property) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(property, out JsonElement items) && items.ValueKind == JsonValueKind.Array
            ? items.EnumerateArray()
            : Enumerable.Empty<JsonElement>();

    private static Dictionary<string, T> Dictionary<T>(JsonElement json, string property, Func<JsonElement, T> value)
    {
        var result = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (JsonElement item in Items(json, property))
            result[Text(item, "key")] = value(item);
        return result;
    }
}
