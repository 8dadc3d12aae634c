using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>What a reader of a page has: the sample's folder, a server where others have worked before, and a Databricks workspace.</summary>
internal sealed class World : IAsyncDisposable
{
    /// <summary>The run that pages name.</summary>
    public const string Known = "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Second = "1a2b3c4d5e6f708192a3b4c5d6e7f809", Today = "5e6f708192a3b4c5d6e7f8091a2b3c4d", Removed = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";

    /// <summary>Before an example of the help, which is read alone: a run of the workflow is active on the server, and one waits to be sent.</summary>
    public const string BeforeAnExample =
        $"""
        $env:MLFLOW_TRACKING_URI = 'http://localhost:5000'
        $null = Start-MlflowRun -Offline -Experiment Customers -Name offline | Stop-MlflowRun
        $null = Import-AnovosConfig ./config.yaml | Start-MlflowRun -TrackingUri http://localhost:5000 -RunId {Today}
        """;

    private const string Model =
        """
        flavors: { sklearn: { pickled_model: model.pkl, sklearn_version: 1.5.2 }, python_function: { loader_module: mlflow.sklearn } }
        signature: { inputs: '[{"name": "age", "type": "double", "required": true}]', outputs: '[{"type": "string", "required": true}]' }
        """;

    private static readonly DateTimeOffset Morning = new(2026, 11, 24, 6, 0, 0, TimeSpan.Zero);

    private readonly TrackingServer _server, _workspace, _broken;
    private readonly HttpClient _client;

    private World(TrackingServer server, TrackingServer workspace, TrackingServer broken)
    {
        (_server, _workspace, _broken) = (server, workspace, broken);
        _client = new HttpClient { BaseAddress = server.Uri };
        Folder = Directory.CreateTempSubdirectory("anovos-mlflow-reader-").FullName;
    }

    /// <summary>Where the reader is.</summary>
    public string Folder { get; }

    /// <summary>The reader's environment.</summary>
    public Dictionary<string, string> Variables => new()
    {
        ["HOME"] = Path.Combine(Folder, ".home"),
        ["PATH"] = $"{Path.Combine(Folder, ".bin")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}",
        ["DATABRICKS_HOST"] = _workspace.Uri.ToString(),
        ["DATABRICKS_TOKEN"] = "dapi-personal",
        ["ANOVOS_MLFLOW_RETRY_TIMEOUT"] = "1",
        ["MY_TOKEN"] = "a-token",
    };

    // Everything in a page that is another place here. Nothing else of a command is changed.
    private (string Shown, string Here)[] Places =>
    [
        ("http://mlflow.example.com:5000", Address), ("http://localhost:5000", Address), ("http://127.0.0.1:5000", Address), ("http://127.0.0.1:8889", Address),
        ("http://broken.example.com:5000", _broken.Uri.ToString().TrimEnd('/')), ("https://mlflow.example.com", Address), ("https://mlflow.corp", Address),
        ("https://adb-1234567890123456.7.azuredatabricks.net", Workspace), ("adb-1234567890123456.7.azuredatabricks.net", Workspace["http://".Length..]),
        ("./out/Anovos.Mlflow", Repository.StagedModule), (@".\out\Anovos.Mlflow", Repository.StagedModule),
        ("/home/ada/anovos", Folder), ("/srv/anovos", Folder),
    ];

    private string Workspace => _workspace.Uri.ToString().TrimEnd('/');

    private string Address => _server.Uri.ToString().TrimEnd('/');

    /// <summary>Makes the servers and fills the folder.</summary>
    public static async Task<World> CreateAsync()
    {
        Queue<string> ids = new([Second, Known, "2b3c4d5e6f708192a3b4c5d6e7f8091a", "3c4d5e6f708192a3b4c5d6e7f8091a2b", "4d5e6f708192a3b4c5d6e7f8091a2b3c", Today, Removed]);
        var world = new World(
            await TrackingServer.StartAsync(new() { NewRunId = () => ids.TryDequeue(out string? id) ? id : Guid.NewGuid().ToString("N") }),
            await TrackingServer.StartAsync(new() { Workspace = new() { Folders = ["/Shared", "/Shared/anovos", "/Shared/locked", "/Users", "/Users/ada@example.com"], ForbiddenFolders = ["/Shared/locked"] } }),
            await TrackingServer.StartAsync());
        world._broken.Faults.Add("*", "*", Faults.Answer(500, """{"error_code": "INTERNAL_ERROR", "message": "database is locked"}"""), times: int.MaxValue);
        world.Furnish();
        await world.FillAsync();
        return world;
    }

    /// <summary>The text of a page, with the places that are here.</summary>
    public string Here(string text) => Places.Aggregate(text, (done, place) => done.Replace(place.Shown, place.Here, StringComparison.Ordinal));

    /// <summary>What the window shows, with the places of the page: of several that are the same one here, those that the command names, then those that the page does.</summary>
    public string Shown(string text, Command command) => Places.OrderBy(place => command.Text.Contains(place.Shown, StringComparison.Ordinal) ? 0 : command.Page.Text.Contains(place.Shown, StringComparison.Ordinal) ? 1 : 2).Aggregate(text, (done, place) => done.Replace(place.Here, place.Shown, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _workspace.DisposeAsync();
        await _broken.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    // The samples where a checkout has them, and what lies in samples/customers here as well: most pages begin in that folder.
    private void Furnish()
    {
        // Without what the tutorial's workflow wrote when somebody followed it here.
        string samples = Path.Combine(Repository.Root, "samples"), income = Path.Combine(Folder, "samples", "income");
        Copy(samples, Path.Combine(Folder, "samples"));
        foreach (string made in Directory.GetDirectories(income).Where(folder => Path.GetFileName(folder) != "data"))
            Directory.Delete(made, recursive: true);
        Write("samples/income/config.yaml", Here(File.ReadAllText(Path.Combine(income, "config.yaml"))));
        Copy(Path.Combine(samples, "customers"), Folder);
        File.Copy(InvokeWorkflowTests.WorkflowProgram, Path.Combine(Folder, "main.py"));
        Write("model/MLmodel", Model);
        Write("model/model.pkl", "a model");
        Write("churn/MLproject", "name: churn\nentry_points:\n  main:\n    parameters:\n      config: string\n      alpha: { type: float, default: 0.1 }\n    command: echo {config} {alpha}\n");
        Write("conf/churn.yaml", "write_main:\n  file_path: output\n");
        Write("src/main.py", "");
        Write("cluster.json", """{ "spark_version": "15.4.x-scala2.12", "node_type_id": "Standard_DS3_v2", "num_workers": 2 }""");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            Write("company-ca.pem", new CertificateRequest("CN=company", key, HashAlgorithmName.SHA256).CreateSelfSigned(Morning, Morning.AddYears(5)).ExportCertificatePem());
        Write(".home/.databrickscfg", $"[prod]\nhost = {_workspace.Uri}\ntoken = dapi-personal\n");
        foreach (string program in new[] { "python", "spark-submit" })
        {
            Write($".bin/{program}", "#!/bin/sh\nwhile [ \"${1#--}\" != \"$1\" ]; do shift 2; done\nexec python3 \"$@\"\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path.Combine(Folder, ".bin", program), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // What colleagues have left on the server.
    private async Task FillAsync()
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
            using HttpResponseMessage put = await _client.PutAsync($"api/2.0/mlflow-artifacts/artifacts/{experiment}/{id}/artifacts/{path}", new ByteArrayContent(Encoding.UTF8.GetBytes(content)));
            put.EnsureSuccessStatusCode();
        }

        if (status != "RUNNING")
            await PostAsync("runs/update", new { run_id = id, status, end_time = start + 83_000 });
    }

    private async Task<string> ExperimentAsync(string name) => (await PostAsync("experiments/create", new { name })).GetProperty("experiment_id").GetString()!;

    private async Task<JsonElement> PostAsync(string method, object body)
    {
        // With its length, which the server needs.
        using var content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _client.PostAsync($"api/2.0/mlflow/{method}", content);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private void Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
