using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and writes the JSON of experiments, runs and their data. Unknown fields are ignored.</summary>
internal static class RestEntities
{
    public static Experiment ReadExperiment(JsonElement json, string trackingUri) => new()
    {
        ExperimentId = json.Id("experiment_id"),
        Name = json.Text("name"),
        ArtifactLocation = json.Text("artifact_location"),
        LifecycleStage = Stage(json),
        CreationTime = json.Time("creation_time"),
        LastUpdateTime = json.Time("last_update_time"),
        TrackingUri = trackingUri,
        Tags = ReadPairs(json, "tags"),
    };

    public static Run ReadRun(JsonElement json, string trackingUri)
    {
        JsonElement info = json.Part("info");
        JsonElement? data = json.OptionalPart("data");
        return new Run
        {
            RunId = info.Id("run_id"),
            ExperimentId = info.Id("experiment_id"),
            RunName = info.Text("run_name"),
            Status = Enum.TryParse(info.Text("status"), ignoreCase: true, out RunStatus status) && Enum.IsDefined(typeof(RunStatus), status) ? status : RunStatus.Running,
            StartTime = info.Time("start_time") ?? DateTimeOffset.FromUnixTimeMilliseconds(0),
            EndTime = info.Time("end_time"),
            UserId = info.Text("user_id"),
            ArtifactUri = info.Text("artifact_uri"),
            LifecycleStage = Stage(info),
            TrackingUri = trackingUri,
            Params = ReadPairs(data, "params"),
            Metrics = ReadValues(data, "metrics"),
            Tags = ReadPairs(data, "tags"),
            Inputs = [.. (json.OptionalPart("inputs")?.Items("dataset_inputs") ?? []).Select(ReadInput)],
            Models = ReadLinks(json),
        };
    }

    public static Metric ReadMetric(JsonElement json) => new(json.Text("key"), json.Number("value"), json.Whole("timestamp"), json.Whole("step"));

    /// <summary>Reads a page of a search. A token that repeats would be requested without end, so it ends the search.</summary>
    public static Page<T> ReadPage<T>(JsonElement json, string property, string? pageToken, Func<JsonElement, T> read)
    {
        T[] items = [.. json.Items(property).Select(read)];
        string next = json.Text("next_page_token");
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

    public static void WriteInputs(Utf8JsonWriter body, IReadOnlyList<DatasetInput> inputs)
    {
        body.WriteStartArray("datasets");
        foreach (DatasetInput input in inputs)
        {
            body.WriteStartObject();
            WriteTags(body, input.Tags);
            body.WriteStartObject("dataset");
            body.WriteString("name", input.Name);
            body.WriteString("digest", input.Digest);
            body.WriteString("source_type", input.SourceType);
            body.WriteString("source", input.Source);
            if (input.Schema is not null)
                body.WriteString("schema", input.Schema);
            if (input.Profile is not null)
                body.WriteString("profile", input.Profile);
            body.WriteEndObject();
            body.WriteEndObject();
        }

        body.WriteEndArray();
    }

    public static void WriteStrings(Utf8JsonWriter body, string name, IReadOnlyList<string> values)
    {
        body.WriteStartArray(name);
        foreach (string value in values)
            body.WriteStringValue(value);
        body.WriteEndArray();
    }

    public static void WritePageToken(Utf8JsonWriter body, string? pageToken)
    {
        if (pageToken is not null)
            body.WriteString("page_token", pageToken);
    }

    public static string Name(RunStatus status) => status.ToString().ToUpperInvariant();

    public static string Name(ViewType view) => view switch
    {
        ViewType.ActiveOnly => "ACTIVE_ONLY",
        ViewType.DeletedOnly => "DELETED_ONLY",
        _ => "ALL",
    };

    private static ModelLinks ReadLinks(JsonElement json)
    {
        string[] inputs = [.. (json.OptionalPart("inputs")?.Items("model_inputs") ?? []).Select(model => model.Text("model_id"))];
        ModelOutput[] outputs = [.. (json.OptionalPart("outputs")?.Items("model_outputs") ?? [])
            .Select(model => new ModelOutput(model.Text("model_id"), model.Whole("step")))];
        return inputs.Length + outputs.Length == 0 ? ModelLinks.None : new ModelLinks(inputs, outputs);
    }

    private static DatasetInput ReadInput(JsonElement json)
    {
        JsonElement dataset = json.Part("dataset");
        return new DatasetInput(dataset.Text("name"), dataset.Text("digest"), dataset.Text("source_type"), dataset.Text("source"))
        {
            Schema = dataset.Text("schema") is { Length: > 0 } schema ? schema : null,
            Profile = dataset.Text("profile") is { Length: > 0 } profile ? profile : null,
            Tags = [.. json.Items("tags").Select(tag => new Tag(tag.Text("key"), Value(tag)))],
        };
    }

    /// <summary>Writes a key and its value as an object.</summary>
    public static void WritePair(Utf8JsonWriter body, string key, string value)
    {
        body.WriteStartObject();
        body.WriteString("key", key);
        body.WriteString("value", value);
        body.WriteEndObject();
    }

    /// <summary>Writes a number that may be NaN or infinite.</summary>
    // A bare NaN makes the server drop that field and all fields after it, and return 200.
    public static void WriteNumber(Utf8JsonWriter body, string name, double value)
    {
        if (double.IsNaN(value))
            body.WriteString(name, "NaN");
        else if (double.IsInfinity(value))
            body.WriteString(name, value > 0 ? "Infinity" : "-Infinity");
        else if (Floats.IsNegativeZero(value))
            WriteRaw(body, name, "-0.0");
        else
            body.WriteNumber(name, value);
    }

    private static void WriteRaw(Utf8JsonWriter body, string name, string value)
    {
        body.WritePropertyName(name);
        body.WriteRawValue(value);
    }

    public static Dictionary<string, string> ReadPairs(JsonElement? json, string property) => Dictionary(json, property, Value);

    public static Dictionary<string, double> ReadValues(JsonElement? json, string property) => Dictionary(json, property, item => item.Number("value"));

    private static LifecycleStage Stage(JsonElement json) =>
        json.Text("lifecycle_stage") == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;

    private static string Value(JsonElement pair) => pair.Text("value");

    private static Dictionary<string, T> Dictionary<T>(JsonElement? json, string property, Func<JsonElement, T> value)
    {
        var result = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach (JsonElement item in json?.Items(property) ?? [])
            result[item.Text("key")] = value(item);
        return result;
    }
}
