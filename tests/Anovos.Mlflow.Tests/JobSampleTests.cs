using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests the job of samples/databricks: a fake workspace accepts it, and its tasks run here one after the other as in the workspace, with
/// the single-file host.
/// </summary>
[Collection(SingleFileHostCollection.Name)]
public sealed class JobSampleTests(SingleFileHost host) : IAsyncLifetime
{
    private const string Secret = "dose-secret";

    // The helpers that Databricks gives to a notebook.
    private const string Notebook =
        """
        import json, os, sys, types
        source, parameters, values, secrets = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
        sys.path.insert(0, os.path.dirname(source))
        def keep(key, value):
            known = json.load(open(values)) if os.path.exists(values) else {}
            json.dump({**known, key: value}, open(values, "w"))
        dbutils = types.SimpleNamespace(
            widgets=types.SimpleNamespace(get=lambda name: parameters[name]),
            secrets=types.SimpleNamespace(get=lambda scope, key: secrets[f"{scope}/{key}"]),
            jobs=types.SimpleNamespace(taskValues=types.SimpleNamespace(set=keep)))
        exec(compile(open(source).read(), source, "exec"), {"dbutils": dbutils, "__name__": "__main__"})
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-job-").FullName;
    private readonly Dictionary<string, string> _parameters = [];
    private TrackingServer _server = null!;
    private string _output = "";

    private static string Samples => Path.Combine(Repository.Root, "samples");

    private string Workflow => Path.Combine(_folder, "workflow");

    private string Values => Path.Combine(_folder, "values.json");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "python3 is not on the PATH");
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the host is run as on a driver, which is Linux");
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { SavedJobs = [Sample("job.json")], ClientSecret = Secret } });
        foreach (string file in Directory.GetFiles(Path.Combine(Samples, "customers"), "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Workflow, Path.GetRelativePath(Path.Combine(Samples, "customers"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        string config = Path.Combine(Workflow, "config.yaml");
        await File.WriteAllTextAsync(
            config,
            (await File.ReadAllTextAsync(config)).Replace("\"Customers\"", "/Shared/Customers")
            .Replace("\"sqlite:///mlflow.db\"", "databricks"));
        foreach (JsonElement parameter in Job().GetProperty("parameters").EnumerateArray())
            _parameters[parameter.GetProperty("name").GetString()!] = parameter.GetProperty("default").GetString()!;
        (_parameters["anovos_config"], _parameters["anovos_mlflow"], _parameters["workspace_url"]) =
            (config, host.Path, _server.Uri.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_job_starts_its_run_joins_it_and_ends_it()
    {
        RunTasks("import os; print('joined', os.environ['MLFLOW_RUN_ID'], os.environ['MLFLOW_TRACKING_URI'])", "success");
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Equal("FINISHED", run.Status);
        Assert.Contains($"joined {run.RunId} databricks", _output);
        Assert.Contains(_server.Artifacts.Keys, key =>
            key.EndsWith($"{run.RunId}/artifacts/final_dataset/_SUCCESS", StringComparison.Ordinal));
        Assert.DoesNotContain(Secret, _output);
        Assert.DoesNotContain(Secret, JsonSerializer.Serialize(run.Tags));
    }

    [Theory]
    [InlineData("failed", "FAILED")]
    [InlineData("canceled", "KILLED")]
    [InlineData("upstream_failed", "FAILED")]
    public void The_result_of_the_workflow_is_that_of_the_run(string result, string status)
    {
        RunTasks("raise SystemExit(3)", result, exitCode: 3);
        Assert.Equal(status, Assert.Single(_server.Runs).Status);
    }

    [Fact]
    public async Task A_run_that_was_started_elsewhere_is_joined_and_left_open()
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new("Bearer", "dapi-personal");
        using var request = new StringContent(
            """{ "experiment_id": "0", "start_time": 1 }""", System.Text.Encoding.UTF8, "application/json");
        (await client.PostAsync(new Uri(_server.Uri, "/api/2.0/mlflow/runs/create"), request, TestContext.Current.CancellationToken))
            .EnsureSuccessStatusCode();
        string id = _parameters["mlflow_run_id"] = Assert.Single(_server.Runs).RunId;
        RunTasks("import os; print('joined', os.environ['MLFLOW_RUN_ID'])", "success");
        Assert.Equal("RUNNING", Assert.Single(_server.Runs).Status);
        Assert.Contains($"joined {id}", _output);
        Assert.Contains(_server.Artifacts.Keys, key => key.EndsWith($"{id}/artifacts/final_dataset/_SUCCESS", StringComparison.Ordinal));
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(Samples, "databricks", name));

    private static JsonElement Job() => JsonDocument.Parse(Sample("job.json")).RootElement;

    // The tasks in order, each with the values that the workspace would fill in.
    private void RunTasks(string program, string result, int exitCode = 0)
    {
        string main = Path.Combine(_folder, "main.py");
        File.WriteAllText(main, program);
        string notebook = Path.Combine(_folder, "notebook.py");
        File.WriteAllText(notebook, Notebook);
        string secrets =
            JsonSerializer.Serialize(
            new Dictionary<string, string> { ["mlflow/client-id"] = "principal", ["mlflow/client-secret"] = Secret });
        foreach (JsonElement task in Job().GetProperty("tasks").EnumerateArray())
        {
            if (task.TryGetProperty("notebook_task", out JsonElement source))
            {
                Dictionary<string, string> parameters = source.TryGetProperty("base_parameters", out JsonElement own)
                    ? own.EnumerateObject().ToDictionary(item => item.Name, item => Resolve(item.Value.GetString()!, result))
                    : [];
                foreach ((string name, string value) in _parameters)
                    parameters[name] = value;
                Run([notebook, InSamples(source.GetProperty("notebook_path")) + ".py", JsonSerializer.Serialize(parameters), Values,
                    secrets], 0);
            }
            else
            {
                JsonElement script = task.GetProperty("spark_python_task");
                string[] arguments =
                    [.. script.GetProperty("parameters").EnumerateArray().Select(item => Resolve(item.GetString()!, result))];
                Run([InSamples(script.GetProperty("python_file")),
                    .. arguments.Select(item => item == "/Workspace/Shared/anovos/main.py" ? main : item)], exitCode);
            }
        }
    }

    private static string InSamples(JsonElement path) =>
        Path.Combine(Samples, "databricks", path.GetString()!["/Workspace/Shared/anovos-mlflow/".Length..]);

    private string Resolve(string text, string result) => Regex.Replace(text, @"\{\{([\w.]+)\}\}", match => match.Groups[1].Value switch
    {
        "tasks.workflow.result_state" => result,
        ['t', 'a', 's', 'k', 's', '.', 's', 't', 'a', 'r', 't', ..] value =>
            JsonDocument.Parse(File.ReadAllText(Values)).RootElement.GetProperty(value["tasks.start.values.".Length..]).GetString()!,
        var value => _parameters[value["job.parameters.".Length..]],
    });

    private void Run(string[] arguments, int expected)
    {
        (string, string?)[] variables =
        [
            ("PATH", CleanEnvironment.SearchPath), ("HOME", _folder),
                ("TMPDIR", Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName), ("DATABRICKS_TOKEN", "of-the-notebook"),
        ];
        (int exitCode, string output, string error) =
            CleanProcess.Run(InvokeWorkflowTests.Python!, ["-B", .. arguments], Workflow, variables);
        _output += output + error;
        Assert.True(exitCode == expected, $"{exitCode}\n{output}\n{error}");
    }
}
