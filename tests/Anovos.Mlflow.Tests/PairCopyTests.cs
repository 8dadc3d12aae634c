using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests copies of runs between every pair of a folder, a database, a server and a Databricks workspace.</summary>
public sealed class PairCopyTests : IAsyncLifetime
{
    private const string Fill =
        """
        $parent = Start-MlflowRun -TrackingUri $From -Experiment /Shared/ours -Name parent
        Write-MlflowMetric loss 0.5, 0.25, ([double]::NaN)
        Write-MlflowParameter lr 0.1
        Set-MlflowTag team ops
        $null = Send-MlflowArtifact ./data
        $child = Start-MlflowRun -TrackingUri $From -Experiment /Shared/ours -Name child
        $null = Stop-MlflowRun Failed
        $null = Stop-MlflowRun
        $gone = Start-MlflowRun -TrackingUri $From -Experiment /Shared/ours -Name gone | Stop-MlflowRun
        Remove-MlflowRun $gone.RunId -TrackingUri $From -Confirm:$false

        """;

    private static readonly string[] Names = ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE"];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private readonly List<TrackingServer> _servers = [];

    public static TheoryData<string, string> Pairs
    {
        get
        {
            string[] stores = ["folder", "database", "server", "workspace"];
            TheoryData<string, string> pairs = [];
            foreach (string from in stores)
            {
                foreach (string to in stores)
                    pairs.Add(from, to);
            }

            return pairs;
        }
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Every_pair_of_stores_copies_all_of_an_experiment_once(string from, string to)
    {
        string source = await OpenAsync(from, "here"), target = await OpenAsync(to, "there");
        ScriptResult result = _session.Run(
            Fill +
            """
            $first = Copy-MlflowExperiment /Shared/ours -TrackingUri $From -Destination $To
            $again = Copy-MlflowExperiment /Shared/ours -TrackingUri $From -Destination $To
            "$($first.Status) | $($again.Status) | $($again.Points) | $($again.Artifacts)"
            $runs = Get-MlflowRun -Experiment /Shared/ours -TrackingUri $To -IncludeDeleted
            "$($runs.Count) $(@($runs | Where-Object LifecycleStage -eq Deleted).RunName)"
            $copy = $runs | Where-Object RunName -eq parent
            $inside = $runs | Where-Object RunName -eq child
            $original = Get-MlflowRun $parent.RunId -TrackingUri $From
            "$((Get-MlflowMetric loss -Run $copy).Value) $($copy.Params['lr']) $($copy.Tags['team']) $($copy.Status)"
            "$($copy.StartTime -eq $original.StartTime) $($copy.EndTime -eq $original.EndTime) $($copy.UserId -eq $original.UserId)"
            "$($inside.Tags['mlflow.parentRunId'] -eq $copy.RunId) $($inside.Status)"
            "$((Receive-MlflowArtifact -Run $copy -Destination ./back).Status) $([IO.File]::ReadAllText("$PWD/back/data/data.csv"))"
            """,
            ("From", source), ("To", target)).Clean();
        Assert.Equal(
            [
                "Synced Synced Synced | Synced Synced Synced | 0 0 0 | 0 0 0", "3 gone", "0.5 0.25 NaN 0.1 ops Finished", "True True True", "True Failed",
                "Received a,b\n1,2\n",
            ],
            result.Texts);
    }

    [Fact]
    public async Task Two_workspaces_do_not_get_the_same_token_of_the_environment()
    {
        string source = await OpenAsync("workspace", "here"), target = await OpenAsync("workspace", "there");
        string profiles = Path.Combine(_session.Folder, "databrickscfg");
        File.WriteAllText(profiles, File.ReadAllText(profiles).Replace("token = dapi-personal", ""));
        Environment.SetEnvironmentVariable("DATABRICKS_TOKEN", "dapi-personal");
        const string Copy = "Copy-MlflowExperiment /Shared/ours -TrackingUri $From -Destination $To";

        Exception e = Assert.ThrowsAny<RuntimeException>(() => _session.Run(
            $"$ErrorActionPreference = 'Stop'; {Copy}", ("From", source), ("To", target)));

        Assert.Contains("would both get DATABRICKS_TOKEN from the environment", e.Message);
        Assert.All(_servers, server => Assert.Empty(server.Requests));
        _session.Run(
            $$"""
            $ErrorActionPreference = 'Continue'
            $null = New-MlflowExperiment /Shared/ours -TrackingUri $From
            $null = Connect-Mlflow $To -Token ([Net.NetworkCredential]::new('', 'dapi-personal').SecurePassword)
            {{Copy}}
            """,
            ("From", source), ("To", target)).Clean();
        Assert.Contains(_servers[1].Experiments, experiment => experiment.Name == "/Shared/ours");
    }

    [Theory]
    [InlineData("POST", "/experiments/create")]
    [InlineData("POST", "/runs/create")]
    [InlineData("POST", "/runs/log-batch")]
    [InlineData("PUT", "/data.csv")]
    [InlineData("POST", "/runs/update")]
    [InlineData("POST", "/runs/delete")]
    public async Task A_copy_that_CtrlC_ends_anywhere_is_completed_by_the_next_one(string method, string path)
    {
        string source = await OpenAsync("database", "here"), target = await OpenAsync("server", "there");
        TrackingServer server = _servers.Single();
        _session.Run(Fill, ("From", source)).Clean();
        const string Copy = "Copy-MlflowExperiment /Shared/ours -TrackingUri $From -Destination $To";
        foreach (bool isDone in new[] { false, true })
        {
            var reached = new TaskCompletionSource();
            server.Faults.Add(method, "*" + path, async (context, handle) =>
            {
                if (isDone)
                {
                    context.Response.Body = Stream.Null;
                    await handle();
                }

                reached.TrySetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
            using PowerShell pipeline = _session.Create(Copy, ("From", source), ("To", target));
            IAsyncResult running = pipeline.BeginInvoke();
            await reached.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            pipeline.Stop();
            Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));

            // The next copy cannot find a run that the server is still creating.
            while (server.Underway > 0)
                await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        ScriptResult result = _session.Run($"({Copy}).Status; ({Copy}).Points", ("From", source), ("To", target)).Clean();

        Assert.Equal(["Synced", "Synced", "Synced", "0", "0", "0"], result.Texts);
        Assert.Equal(0, server.Faults.Pending);
        Assert.Equal(["Default", "/Shared/ours"], server.Experiments.Select(experiment => experiment.Name));
        Assert.Equal(["child", "gone", "parent"], server.Runs.Select(run => run.RunName).Order());
        StoredRun parent = server.Runs.Single(run => run.RunName == "parent");
        Assert.Equal(3, parent.Metrics.Count);
        Assert.Equal(["data/data.csv"], server.ArtifactsOf(parent.RunId).Keys);
        Assert.Equal(("FINISHED", "ops"), (parent.Status, parent.Tags["team"]));
        Assert.Equal(parent.RunId, server.Runs.Single(run => run.RunName == "child").Tags["mlflow.parentRunId"]);
        Assert.Equal("deleted", server.Runs.Single(run => run.RunName == "gone").LifecycleStage);
    }

    public ValueTask InitializeAsync()
    {
        _session.Write("data/data.csv", "a,b\n1,2\n");
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, null);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        foreach (TrackingServer server in _servers)
            await server.DisposeAsync();
    }

    private async Task<string> OpenAsync(string kind, string name)
    {
        if (kind is "folder" or "database")
            return kind == "folder" ? $"./{name}" : $"sqlite:///{name}.db";
        TrackingServer server = await TrackingServer.StartAsync(new() { Workspace = kind == "workspace" ? new() : null });
        _servers.Add(server);
        if (kind == "server")
            return server.Uri.ToString();
        string profiles = Path.Combine(_session.Folder, "databrickscfg");
        await File.AppendAllTextAsync(profiles, $"[{name}]\nhost = {server.Uri}\ntoken = dapi-personal\n");
        Environment.SetEnvironmentVariable("DATABRICKS_CONFIG_FILE", profiles);
        return $"databricks://{name}";
    }
}
