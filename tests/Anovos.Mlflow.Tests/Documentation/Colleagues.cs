using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>Fills a server with the earlier work of others, for a reader to find.</summary>
internal sealed class Colleagues(HttpClient client)
{
    /// <summary>The ids of the runs that pages name.</summary>
    public const string Known = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Another = "1a2b3c4d5e6f708192a3b4c5d6e7f809", Today = "5e6f708192a3b4c5d6e7f8091a2b3c4d", Removed = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";

    /// <summary>The <c>MLmodel</c> file of a model.</summary>
    public const string Model =
        """
        flavors: { sklearn: { pickled_model: model.pkl, sklearn_version: 1.5.2 }, python_function: { loader_module: mlflow.sklearn } }
        signature: { inputs: '[{"name": "age", "type": "double", "required": true}]', outputs: '[{"type": "string", "required": true}]' }
        """;

    /// <summary>The morning of the day of the latest run on the server.</summary>
    public static readonly DateTimeOffset Morning = new(2026, 11, 24, 6, 0, 0, TimeSpan.Zero);

    /// <summary>The ids of the runs, in the order in which the runs are started.</summary>
    public static IReadOnlyList<string> RunIds { get; } = [Another, Known, "2b3c4d5e6f708192a3b4c5d6e7f8091a", "3c4d5e6f708192a3b4c5d6e7f8091a2b", "4d5e6f708192a3b4c5d6e7f8091a2b3c", Today, Removed];

    /// <summary>Fills the server.</summary>
    public async Task WorkAsync()
    {
        string customers = await ExperimentAsync("Customers"), tuning = await ExperimentAsync("Tuning");
        await PostAsync("experiments/delete", new { experiment_id = await ExperimentAsync("Scratch") });
        await ExperimentAsync("scratch-1");
        await RunAsync(customers, "monday", "FINISHED", 0, 0.36, ("model", "tree"), ("team", "ops"));
        await RunAsync(customers, "tuesday", "FINISHED", 24, 0.4, ("model", "forest"), ("team", "ops"));
        await RunAsync(customers, "wednesday", "FAILED", 48, 0.7, ("model", "forest"), ("stage", "draft"));
        await RunAsync(tuning, "shallow", "FINISHED", 30, 0.52, ("depth", "3"), ("team", "research"));
        await RunAsync(tuning, "deep", "FINISHED", 31, 0.31, ("depth", "9"), ("team", "research"));
        await RunAsync(customers, "today", "RUNNING", 72, 0.41, ("model", "tree"), ("stage", "draft"));
        await RunAsync(tuning, "given up", "KILLED", 32, 0.9, ("depth", "1"), ("team", "research"));
        await PostAsync("runs/delete", new { run_id = Removed });
        await PostAsync("registered-models/create", new { name = "income", description = "Who earns more than 50K", tags = new[] { new { key = "team", value = "ops" } } });
        for (int version = 1; version <= 3; version++)
            await PostAsync("model-versions/create", new { name = "income", source = $"runs:/{Known}/model", run_id = Known });
        await PostAsync("registered-models/alias", new { name = "income", alias = "champion", version = "2" });
        await PostAsync("registered-models/alias", new { name = "income", alias = "challenger", version = "3" });
    }

    private async Task RunAsync(string experiment, string name, string status, int hour, double rmse, (string Key, string Value) param, (string Key, string Value) tag)
    {
        long start = Morning.AddDays(-3).AddHours(hour).ToUnixTimeMilliseconds();
        JsonElement made = await PostAsync("runs/create", new { experiment_id = experiment, run_name = name, start_time = start, user_id = "ada", tags = new[] { new { key = tag.Key, value = tag.Value } } });
        string id = made.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;
        var metrics = Enumerable.Range(0, 4).Select(step => new { key = "rmse", value = rmse * (4 - step), timestamp = start + (1000 * step), step });
        await PostAsync("runs/log-batch", new { run_id = id, metrics = metrics.Append(new { key = "timings/load", value = 3.5, timestamp = start, step = 0 }), @params = new[] { new { key = param.Key, value = param.Value }, new { key = "write_main.file_path", value = "output" } } });
        foreach ((string path, string content) in new[] { ("model/MLmodel", Model), ("model/model.pkl", "a model"), ("report_stats/ml_anovos_report.html", "<p>" + name), ("report_stats/global_summary.csv", "metric,value\nrows_count,912\n"), ("models/attribute_binning/part-00000.csv", "attribute,parameters\nage,31|37|45\n"), ("reports/draft.html", "<p>draft") })
        {
            using HttpResponseMessage put = await client.PutAsync($"api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/{path}", new ByteArrayContent(Encoding.UTF8.GetBytes(content)));
            put.EnsureSuccessStatusCode();
        }

        if (status != "RUNNING")
            await PostAsync("runs/update", new { run_id = id, status, end_time = start + 83_000 });
    }

    private async Task<string> ExperimentAsync(string name) => (await PostAsync("experiments/create", new { name })).GetProperty("experiment_id").GetString()!;

    private async Task<JsonElement> PostAsync(string method, object body)
    {
        // The server needs the content length.
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await client.PostAsync($"api/2.0/mlflow/{method}", content);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
