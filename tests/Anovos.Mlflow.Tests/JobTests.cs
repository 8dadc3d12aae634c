using System.Diagnostics;
using System.Management.Automation;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>A session and a workspace that runs jobs, for tests of workflows as jobs.</summary>
public abstract class JobTests : IAsyncLifetime
{
    protected const string Config =
        """
        input_dataset:
          read_dataset: { file_path: "dbfs:/data/income", file_type: csv }
        report_preprocessing:
          master_path: "dbfs:/reports"
        stats_generator:
          metric: [global_summary]
        write_main:
          file_path: "dbfs:/out"
          file_type: csv
        mlflow:
          experiment: /Shared/churn
          tracking_uri: databricks
          track_output: true
          track_reports: true
        """;

    protected const string Log =
        "2026-11-24 10:00:00.000 | INFO     | anovos.workflow:main:1 - stats_generator, global_summary: execution time (in secs) =3.4107\n"
        + "2026-11-24 10:00:01.000 | WARNING  | anovos.workflow:main:2 - column capital-gain is skewed\n"
        + "2026-11-24 10:00:02.000 | INFO     | anovos.workflow:main:3 - execution time w/o report (in sec) =201.4\n";

    private static readonly string[] Names =
        ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_TRACKING_URI"];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private TrackingServer _server = null!;
    private volatile bool _isDown, _losesAnswer;

    protected StoredRun Stored => Assert.Single(_server.Runs);

    protected SubmittedJob Job => Assert.Single(_server.Workspace!.Jobs);

    private protected ScriptSession Session => _session;

    private protected TrackingServer Server => _server;

    private protected bool IsDown { get => _isDown; set => _isDown = value; }

    private protected bool LosesAnswer { get => _losesAnswer; set => _losesAnswer = value; }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private protected async Task StartAsync(WorkspaceOptions workspace)
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = workspace });
        _server.Faults.Add("*", "*", (context, handle) =>
        {
            if (_isDown)
                return Faults.CloseBefore(context, handle);
            bool loses = _losesAnswer && context.Request.Path.Value!.EndsWith("/submit", StringComparison.Ordinal);
            _losesAnswer &= !loses;
            return loses ? Faults.CloseAfter(context, handle) : handle();
        }, times: int.MaxValue);
        _session.Write("config.yaml", Config);
        foreach (
            (string name, string? value) in new[] { ("DATABRICKS_HOST", _server.Uri.ToString()), ("DATABRICKS_TOKEN", "dapi-personal"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"), ("MLFLOW_TRACKING_URI", null) })
            Environment.SetEnvironmentVariable(name, value);
    }

    private protected ScriptResult Run(string script) => _session.Run($"$Workflow = Import-AnovosConfig ./config.yaml\n{script}");

    /// <summary>Stops a script once its job run has started.</summary>
    private protected async Task StopAsync(string script)
    {
        using PowerShellPipeline pipeline = _session.Create($"$Workflow = Import-AnovosConfig ./config.yaml\n{script}");
        IAsyncResult running = pipeline.BeginInvoke();
        while (_server.Workspace!.Jobs.Count == 0 || !_server.Runs.Single().Tags.ContainsKey("mlflow.databricks.runURL"))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        pipeline.Stop();
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
    }

    /// <summary>Runs a job's launcher like its cluster would, with a local program in place of the job's program.</summary>
    private protected async Task<(string Output, string Errors)> RunLauncherAsync(SubmittedJob job)
    {
        string path = job.Task.GetProperty("spark_python_task").GetProperty("python_file").GetString()!;
        string launcher = _session.Write("launcher.py", job.Files[path["/Workspace".Length..]]);
        string[] parameters = job.Parameters;
        Assert.Equal("/Workspace/Shared/anovos/main.py", parameters[1]);
        parameters[1] = InvokeWorkflowTests.WorkflowProgram;
        using Process python = Process.Start(new ProcessStartInfo(InvokeWorkflowTests.Python!, [launcher, .. parameters])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = python.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await python.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        return (output, await errors);
    }

    private protected double Metric(string key) => Stored.LatestMetrics[key].Value;

    // A workspace's storage uses its own path for the files.
    private protected Dictionary<string, StoredArtifact> ArtifactsOf(StoredRun run)
    {
        string root = run.ArtifactUri["dbfs:/databricks/mlflow-tracking/".Length..] + "/";
        return _server.Artifacts.Where(entry => entry.Key.StartsWith(root, StringComparison.Ordinal))
            .ToDictionary(entry => entry.Key[root.Length..], entry => entry.Value);
    }

    private protected string LogOf(StoredRun run) => System.Text.Encoding.UTF8.GetString(ArtifactsOf(run)["logs/workflow.log"].Bytes);
}
