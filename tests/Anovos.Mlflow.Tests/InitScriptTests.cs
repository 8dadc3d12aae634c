using System.IO.Compression;
using System.Reflection;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests samples/databricks on a node: init.sh with the single-file host, against a fake workspace; then finish.ps1.
/// </summary>
[Collection(SingleFileHostCollection.Name)]
public sealed class InitScriptTests(SingleFileHost host) : IAsyncLifetime
{
    private const string Token = "dapi-personal";

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-node-").FullName;
    private readonly Dictionary<string, string?> _environment = [];
    private TrackingServer _server = null!;
    private string? _currentFolder;

    private static string Samples => Path.Combine(Repository.Root, "samples");

    // A path with difficult characters.
    private string Installed => Path.Combine(_folder, "it's \"the\" $HOME folder");

    private string Exports => Path.Combine(_folder, "spark-env.sh");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(CleanProcess.Find("bash") is null, "bash is not on the PATH");
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { PersonalToken = Token } });
        await File.WriteAllTextAsync(Exports, "export KEPT='as it was'");
        foreach ((string name, string? value) in new (string, string?)[]
        {
            ("PATH", CleanEnvironment.SearchPath), ("HOME", _folder), ("TMPDIR", Directory.CreateDirectory(Path.Combine(_folder, "tmp")).FullName),
            ("DB_IS_DRIVER", "TRUE"), ("DB_CLUSTER_ID", "0123-456789-abcdefgh"), ("DB_CLUSTER_NAME", "O'Brien's \"cluster\" $(touch touched) \\"), ("DB_IS_JOB_CLUSTER", "FALSE"),
            ("DATABRICKS_HOST", _server.Uri.ToString()), ("DATABRICKS_TOKEN", Token), ("MLFLOW_EXPERIMENT_NAME", "/Shared/Ada's experiments"),
            ("ANOVOS_MLFLOW_SOURCE", host.Path), ("ANOVOS_MLFLOW_FOLDER", Installed), ("ANOVOS_MLFLOW_ENV_FILE", Exports),
        })
            _environment[name] = value;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_driver_starts_a_run_and_leaves_it_for_what_starts_after_it()
    {
        Assert.Contains("finds run", Init());
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Equal([run.RunId, "databricks", run.ExperimentId, "as it was"], Exported());
        Assert.Equal("/Shared/Ada's experiments", _server.Experiments.Single(experiment => experiment.ExperimentId == run.ExperimentId).Name);
        Assert.Equal("O'Brien's \"cluster\" $(touch touched) \\", run.RunName);
        Assert.Equal(run.RunName, run.Tags["databricks.cluster.name"]);
        Assert.Equal("0123-456789-abcdefgh", run.Tags["mlflow.databricks.cluster.id"]);
        Assert.Equal("RUNNING", run.Status);
        Assert.Empty(Directory.GetFiles(_folder, "touched", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFileSystemEntries(_environment["TMPDIR"]!));
        Assert.Equal("anovos-mlflow", Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(Installed))));
    }

    [Fact]
    public void A_worker_does_nothing()
    {
        _environment["DB_IS_DRIVER"] = "FALSE";
        _environment["ANOVOS_MLFLOW_REQUIRED"] = "true";
        _environment["ANOVOS_MLFLOW_SOURCE"] = null;
        Assert.Equal("", Init());
        Assert.Empty(_server.Requests);
        Assert.Equal("export KEPT='as it was'", File.ReadAllText(Exports));
        Assert.False(Directory.Exists(Installed));
    }

    [Theory]
    [InlineData("DATABRICKS_TOKEN", "hush-hush", "rejected the token")]
    [InlineData("DATABRICKS_HOST", "http://127.0.0.1:1", "Nothing is listening on 127.0.0.1 port 1")]
    [InlineData("ANOVOS_MLFLOW_SOURCE", "/nowhere/anovos-mlflow", "The file '/nowhere/anovos-mlflow' is missing")]
    [InlineData("ANOVOS_MLFLOW_SOURCE", null, "ANOVOS_MLFLOW_SOURCE is not set")]
    [InlineData("ANOVOS_MLFLOW_ENV_FILE", "/nowhere/spark-env.sh", "'/nowhere/spark-env.sh' cannot be written")]
    [InlineData("ANOVOS_MLFLOW_CONFIG", "/nowhere/config.yaml", "/nowhere/config.yaml")]
    public void A_failure_is_told_and_stops_the_cluster_only_where_that_is_asked_for(string variable, string? value, string told)
    {
        _environment[variable] = value;
        _environment["ANOVOS_MLFLOW_RETRY_TIMEOUT"] = "1";
        string log = Init();

        // Errors are wrapped, with a bar before each line.
        Assert.Contains(told, Regex.Replace(log, @"\s+(\|\s+)?", " "));
        Assert.Contains("The cluster starts without a run.", log);
        _environment["ANOVOS_MLFLOW_REQUIRED"] = "true";
        log += Init(expected: 1);
        Assert.Contains("The cluster does not start", log);
        Assert.DoesNotContain("hush", log);
        Assert.DoesNotContain(Token, log);
        Assert.Empty(_server.Runs);
        Assert.Equal(["", "", "", "as it was"], Exported());
    }

    [Fact]
    public void A_place_with_quotes_and_spaces_comes_out_as_it_went_in()
    {
        string store = Path.Combine(_folder, "it's \"a\" $HOME `store` \\ größe");
        _environment["MLFLOW_TRACKING_URI"] = store;
        _environment["MLFLOW_EXPERIMENT_NAME"] = "Default";
        Init();
        Assert.Equal(store, new Uri(Exported()[1]).LocalPath);
        Assert.True(Directory.Exists(Path.Combine(store, Exported()[2], Exported()[0])));
    }

    [Fact]
    public void A_restart_goes_on_with_a_run_that_is_open_and_begins_another_after_one_that_ended()
    {
        Init();
        string[] first = Exported();
        Init();
        Assert.Equal(first, Exported());

        // On such a node, the file is sourced before the init scripts.
        (_environment["MLFLOW_RUN_ID"], _environment["MLFLOW_TRACKING_URI"], _environment["MLFLOW_EXPERIMENT_ID"]) = (first[0], first[1], first[2]);
        Finish();
        Init();
        string[] second = Exported();
        Assert.Equal(["FINISHED", "RUNNING"], _server.Runs.Select(run => run.Status));
        Assert.Equal(_server.Runs[1].RunId, second[0]);
        Assert.Single(File.ReadAllLines(Exports), line => line.StartsWith("export MLFLOW_RUN_ID", StringComparison.Ordinal));

        // The exports never name a run of another start.
        (_environment["MLFLOW_RUN_ID"], _environment["DATABRICKS_TOKEN"]) = (null, "another");
        Init();
        Assert.Equal(["", "", "", "as it was"], Exported());
    }

    [Fact]
    public void A_run_that_was_started_elsewhere_is_taken_up()
    {
        Init();
        string[] elsewhere = Exported();
        File.WriteAllText(Exports, "");
        _environment["MLFLOW_RUN_ID"] = elsewhere[0];
        Init();
        Assert.Equal(elsewhere[..3], Exported()[..3]);
        Assert.Single(_server.Runs);
    }

    [Fact]
    public void The_workflow_is_recorded_and_its_outputs_are_sent_at_the_end()
    {
        string workflow = Path.Combine(_folder, "Ada's workflow");
        CopyFolder(Path.Combine(Samples, "customers"), workflow);
        string config = Path.Combine(workflow, "config.yaml");
        string text = File.ReadAllText(config).Replace("\"Customers\"", "/Shared/Customers");
        File.WriteAllText(config, text.Replace("\"sqlite:///mlflow.db\"", "databricks"));
        _environment["ANOVOS_MLFLOW_CONFIG"] = config;
        _currentFolder = workflow;
        Init();
        string[] exported = Exported();
        (_environment["MLFLOW_RUN_ID"], _environment["MLFLOW_TRACKING_URI"]) = (exported[0], exported[1]);
        Finish("-Config", config);
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
        Assert.Contains(_server.Artifacts.Keys, key => key.EndsWith($"{exported[0]}/artifacts/final_dataset/_SUCCESS", StringComparison.Ordinal));

        // Missing outputs at the end are a failure. If the run has failed anyway, nothing more is demanded of it.
        Directory.Delete(Path.Combine(workflow, "output"), recursive: true);
        Assert.Contains("Not all outputs", Finish(1, "-Config", config));
        Assert.Equal("FAILED", _server.Runs[0].Status);
        Finish("-Config", config, "-Status", "Killed");
        Assert.Equal("KILLED", _server.Runs[0].Status);
    }

    [Fact]
    public void The_end_of_a_job_without_a_run_says_so()
    {
        Init();
        Assert.Contains("without a run", Finish());
    }

    [Fact]
    public void The_modules_package_does_where_the_image_has_pwsh()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "python3 is not on the PATH");
        string package = Path.Combine(_folder, "Anovos.Mlflow.zip");
        string content = Path.Combine(_folder, "package");
        string version = AssemblyName.GetAssemblyName(Path.Combine(Repository.StagedModule, "Anovos.Mlflow.dll")).Version!.ToString(3);
        CopyFolder(Repository.StagedModule, Path.Combine(content, "Anovos.Mlflow", version));
        ZipFile.CreateFromDirectory(content, package);
        _environment["ANOVOS_MLFLOW_SOURCE"] = package;
        Init();
        Assert.Equal(Assert.Single(_server.Runs).RunId, Exported()[0]);
        Assert.Contains("export PSModulePath=", File.ReadAllText(Exports));
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private string Init(int expected = 0) => Run("bash", [Path.Combine(Samples, "databricks", "init.sh")], expected);

    private string Finish(params string[] arguments) => Finish(0, arguments);

    private string Finish(int expected, params string[] arguments) =>
        Run(Path.Combine(Installed, "anovos-mlflow"), [Path.Combine(Samples, "databricks", "finish.ps1"), .. arguments], expected);

    private string Run(string program, string[] arguments, int expected)
    {
        (int exitCode, string output, string error) = CleanProcess.Run(program, arguments, _currentFolder ?? _folder, Variables);
        Assert.True(exitCode == expected, $"{exitCode}\n{output}\n{error}");
        return output + error;
    }

    private IEnumerable<(string, string?)> Variables => _environment.Where(pair => pair.Value is not null).Select(pair => (pair.Key, pair.Value));

    // The variables in a driver that sources the file.
    private string[] Exported()
    {
        (int exitCode, string output, string error) = CleanProcess.Run(
            CleanProcess.Find("bash")!, ["-c", "source \"$1\" && printf '%s\\n' \"$MLFLOW_RUN_ID\" \"$MLFLOW_TRACKING_URI\" \"$MLFLOW_EXPERIMENT_ID\" \"$KEPT\"", "-", Exports], _folder, ("LANG", "C.UTF-8"));
        Assert.Equal((0, ""), (exitCode, error));
        return output.Split('\n')[..4];
    }
}
