using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and writes the JSON of models and their versions. Unknown fields are ignored.</summary>
internal static class RegistryEntities
{
    /// <summary>Writes the fields of a request; a null value omits its field.</summary>
    public static Action<Utf8JsonWriter> Fields(params (string Name, string? Value)[] fields) => body =>
    {
        foreach ((string name, string? value) in fields)
        {
            if (value is not null)
                body.WriteString(name, value);
        }
    };

    public static RegisteredModel ReadModel(JsonElement json, string trackingUri)
    {
        var aliases = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (JsonElement alias in json.Items("aliases"))
            aliases[alias.Text("alias")] = alias.Whole("version");
        return new RegisteredModel
        {
            Name = json.Id("name"),
            Description = json.Text("description"),
            LatestVersions = [.. json.Items("latest_versions").Select(version => ReadVersion(version, trackingUri))],
            Aliases = aliases,
            CreationTime = json.Time("creation_timestamp"),
            LastUpdateTime = json.Time("last_updated_timestamp"),
            Tags = RestEntities.ReadPairs(json, "tags"),
            TrackingUri = trackingUri,
        };
    }

    public static ModelVersion ReadVersion(JsonElement json, string trackingUri) => new()
    {
        Name = json.Id("name"),
        Version = json.Whole("version"),
        Stage = json.Text("current_stage") is { Length: > 0 } stage ? stage : "None",
        Aliases = [.. json.Texts("aliases")],
        Status = json.Text("status"),
        StatusMessage = json.Text("status_message"),
        Description = json.Text("description"),
        Source = json.Text("source"),
        RunId = json.Text("run_id"),
        ModelId = json.Text("model_id"),
        RunLink = json.Text("run_link"),
        UserId = json.Text("user_id"),
        CreationTime = json.Time("creation_timestamp"),
        LastUpdateTime = json.Time("last_updated_timestamp"),
        Tags = RestEntities.ReadPairs(json, "tags"),
        TrackingUri = trackingUri,
    };

    /// <summary>The prefix of a logged model's status in the REST API.</summary>
    public const string StatusPrefix = "LOGGED_MODEL_";

    public static LoggedModel ReadLogged(JsonElement json, string trackingUri)
    {
        JsonElement info = json.Part("info");
        JsonElement? data = json.OptionalPart("data");
        string status = info.Text("status");
        return new LoggedModel
        {
            ModelId = info.Id("model_id"),
            Name = info.Text("name"),
            ExperimentId = info.Text("experiment_id"),
            RunId = info.Text("source_run_id"),
            ModelType = info.Text("model_type"),
            Status = status.StartsWith(StatusPrefix, StringComparison.Ordinal) ? status.Substring(StatusPrefix.Length) : status,
            ArtifactUri = info.Text("artifact_uri"),
            CreationTime = info.Time("creation_timestamp_ms"),
            LastUpdateTime = info.Time("last_updated_timestamp_ms"),
            Params = RestEntities.ReadPairs(data, "params"),
            Metrics = RestEntities.ReadValues(data, "metrics"),
            Tags = RestEntities.ReadPairs(info, "tags"),
            StatusMessage = info.Text("status_message"),
            Points = [.. (data?.Items("metrics") ?? []).Select(ReadPoint)],
            TrackingUri = trackingUri,
        };
    }

    private static LoggedModelMetric ReadPoint(JsonElement json) =>
        new(json.Text("key"), json.Number("value"), json.Whole("timestamp"), json.Whole("step"), json.Text("run_id"))
        {
            DatasetName = json.Text("dataset_name") is { Length: > 0 } name ? name : null,
            DatasetDigest = json.Text("dataset_digest") is { Length: > 0 } digest ? digest : null,
        };
}
