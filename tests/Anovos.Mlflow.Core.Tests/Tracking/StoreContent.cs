using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Reads all experiments and runs of a store as JSON, in the form of <c>read_database.py</c> and the shared databases.</summary>
internal static class StoreContent
{
    public static async Task<string> ReadAsync(ITrackingStore store)
    {
        var search = new ExperimentSearch(ViewType.All);
        List<Experiment> experiments = await PageWalker.ReadAllAsync(page => store.SearchExperimentsAsync(search, page, default));
        var all = new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { ViewType = ViewType.All };
        List<Run> runs = await PageWalker.ReadAllAsync(page => store.SearchRunsAsync(all, page, default));
        var read = new JsonArray();
        foreach (Run run in runs)
            read.Add(await ReadAsync(store, run));
        return Normalize(new JsonObject
        {
            ["experiments"] = new JsonArray([.. experiments.Select(experiment => new JsonObject
            {
                ["id"] = experiment.ExperimentId,
                ["name"] = experiment.Name,
                ["stage"] = Stage(experiment.LifecycleStage),
                ["artifact_location"] = experiment.ArtifactLocation,
                ["tags"] = JsonSerializer.SerializeToNode(experiment.Tags),
            })]),
            ["runs"] = read,
        });
    }

    /// <summary>Returns the same content in a fixed order, without fields that are not about tracking.</summary>
    public static string Normalize(JsonNode content)
    {
        var sorted = new JsonObject
        {
            ["experiments"] = Sorted(content["experiments"]!),
            ["runs"] = Sorted(content["runs"]!),
        };
        return sorted.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    private static async Task<JsonObject> ReadAsync(ITrackingStore store, Run run)
    {
        var history = new JsonObject();
        foreach (string key in run.Metrics.Keys)
        {
            List<Metric> points = await PageWalker.ReadAllAsync(page => store.GetMetricHistoryAsync(run.RunId, key, page, default));
            history[key] = new JsonArray(
                [.. points.Select(point => new JsonArray(point.Step, point.Timestamp, PythonFloat.Write(point.Value)))]);
        }

        return new JsonObject
        {
            ["run_id"] = run.RunId,
            ["experiment_id"] = run.ExperimentId,
            ["name"] = run.RunName,
            ["status"] = run.Status.ToString().ToUpperInvariant(),
            ["stage"] = Stage(run.LifecycleStage),
            ["start"] = run.StartTime.ToUnixTimeMilliseconds(),
            ["end"] = run.EndTime?.ToUnixTimeMilliseconds(),
            ["artifact_uri"] = run.ArtifactUri,
            ["params"] = JsonSerializer.SerializeToNode(run.Params),
            ["tags"] = JsonSerializer.SerializeToNode(run.Tags),
            ["latest"] = JsonSerializer.SerializeToNode(
                run.Metrics.ToDictionary(metric => metric.Key, metric => PythonFloat.Write(metric.Value))),
            ["history"] = history,
            ["inputs"] = new JsonArray([.. run.Inputs.Select(input => new JsonObject
            {
                ["name"] = input.Name,
                ["digest"] = input.Digest,
                ["tags"] = JsonSerializer.SerializeToNode(input.Tags.ToDictionary(tag => tag.Key, tag => tag.Value)),
            })]),
        };
    }

    private static string Stage(LifecycleStage stage) => stage.ToString().ToLowerInvariant();

    // The order has no meaning: points have steps, and everything else has a name or an id.
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(field => field.Key, StringComparer.Ordinal)
            .Select(field => new KeyValuePair<string, JsonNode?>(field.Key, Sorted(field.Value)))),
        JsonArray items when items.Any(item => item is not JsonValue) => new JsonArray(
            [.. items.Select(Sorted).OrderBy(item => item!.ToJsonString(), StringComparer.Ordinal)]),
        _ => node?.DeepClone(),
    };
}
