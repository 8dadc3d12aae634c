using System.Management.Automation;
using Anovos.Mlflow.TestServer;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests that an unreachable server costs nothing: runs continue in a folder and are sent later, exactly once.</summary>
public sealed class OfflineTests : IAsyncLifetime
{
    private const string Work =
        """
        Write-MlflowMetric loss 0.5 -Step 1
        1..20 | ForEach-Object { [pscustomobject]@{ Name = 'series/a'; Value = $_ / 3; Step = $_ } } | Write-MlflowMetric
        Write-MlflowMetric inf ([double]::PositiveInfinity)
        Write-MlflowParameter @{ lr = 0.1; text = "größe`n2" }
        Set-MlflowTag team ops
        $null = Send-MlflowArtifact ./data

        """;

    private readonly ScriptSession _session = new();
    private TrackingServer _server = null!;
    private volatile bool _isDown;
    private Fault _fault = (_, handle) => handle();

    [Fact]
    public void An_offline_run_is_sent_later_as_it_was_and_only_once()
    {
        ScriptResult result = Run(
            "$null = Start-MlflowRun -TrackingUri $Uri -Offline -Experiment ours -Name nightly\n" + Work +
            "$run = Stop-MlflowRun Failed; $run; Sync-MlflowRun; Sync-MlflowRun; Sync-MlflowRun -Force").Clean();

        Assert.Contains("Sync-MlflowRun", Assert.Single(result.Warnings));
        StoredRun stored = AssertStored();
        Assert.Equal(("FAILED", "nightly", "ours"), (stored.Status, stored.Tags["mlflow.runName"], _server.Experiments.Single(experiment => experiment.ExperimentId == stored.ExperimentId).Name));
        dynamic run = result.Output[0];
        Assert.Equal((run.StartTime.ToUnixTimeMilliseconds(), run.EndTime.ToUnixTimeMilliseconds()), (stored.StartTime, stored.EndTime!.Value));
        Assert.Equal(["Synced", "Synced"], result.Output.Skip(1).Select(row => (string)row.Properties["Status"].Value));
        Assert.Equal([22, 0], result.Output.Skip(1).Select(row => (int)row.Properties["Points"].Value));
        Assert.DoesNotContain(stored.Tags.Keys, key => key.Contains("offline") || key.Contains("syncedTo"));
    }

    [Fact]
    public void A_run_goes_on_in_a_folder_when_the_server_is_away_from_the_start()
    {
        _isDown = true;
        ScriptResult result = Run("$null = Start-MlflowRun -TrackingUri $Uri -OfflineFallback -Experiment ours\n" + Work + "(Stop-MlflowRun).Status").Clean();
        Assert.Equal(["Finished"], result.Texts);
        Assert.Contains("mlruns", Assert.Single(result.Warnings));
        Assert.Empty(_server.Runs);

        _isDown = false;
        Assert.Equal("Synced", (string)Run("Sync-MlflowRun").Clean().Single.Status);
        AssertStored();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_run_goes_on_in_a_folder_when_the_server_is_lost_in_the_middle(int step)
    {
        string[] steps = [.. Work.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        ScriptResult begun = Run("$run = Start-MlflowRun -TrackingUri $Uri -OfflineFallback -Experiment ours; $run.RunId\n" + string.Join('\n', steps[..step])).Clean();
        _isDown = true;
        ScriptResult rest = Run(string.Join('\n', steps[step..]) + "\n(Stop-MlflowRun).Status").Clean();
        Assert.Equal(["Finished"], rest.Texts);
        Assert.Contains("Sync-MlflowRun", Assert.Single(rest.Warnings));

        _isDown = false;
        dynamic synced = Run("Sync-MlflowRun").Clean().Single;
        StoredRun stored = AssertStored();
        Assert.Equal((begun.Texts[0], "FINISHED"), (stored.RunId, stored.Status));
        Assert.Equal(stored.RunId, (string)synced.TargetRunId);
    }

    [Theory]
    [InlineData("night.db")]
    [InlineData("./below/night.sqlite")]
    [InlineData("night.SQLITE3")]
    [InlineData("sqlite:///night.runs")]
    [InlineData("there.runs")]
    public void A_database_keeps_offline_runs_as_well(string path)
    {
        Run("$null = Start-MlflowRun -TrackingUri sqlite:///there.runs -Name before | Stop-MlflowRun").Clean();
        ScriptResult result = Run(
            $"$null = Start-MlflowRun -TrackingUri $Uri -Offline -OfflinePath {path} -Experiment ours -Name nightly\n{Work}"
            + $"(Stop-MlflowRun).TrackingUri; Sync-MlflowRun {path} -Experiment ours; Sync-MlflowRun {path} -Experiment ours").Clean();

        string file = Path.Combine(_session.Folder, path.Replace("sqlite:///", "").Replace("./", ""));
        Assert.Equal($"sqlite:///{file.Replace('\\', '/')}", result.Texts[0]);
        Assert.True(File.Exists(file));
        Assert.Contains("sqlite:///", Assert.Single(result.Warnings));
        Assert.Equal("Synced", (string)Assert.Single(result.Output.Skip(1)).Properties["Status"].Value);
        StoredRun stored = AssertStored();
        Assert.Equal(("FINISHED", "nightly"), (stored.Status, stored.Tags["mlflow.runName"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_run_goes_on_in_a_database_when_the_server_is_lost(int step)
    {
        const string Start = "$null = Start-MlflowRun -TrackingUri $Uri -OfflineFallback -OfflinePath ./lost.db -Experiment ours\n";
        string[] steps = [.. Work.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        _isDown = step == 0;
        Run(Start + string.Join('\n', steps[..step])).Clean();
        _isDown = true;
        Assert.Equal(["Finished"], Run(string.Join('\n', steps[step..]) + "\n(Stop-MlflowRun).Status").Clean().Texts);

        _isDown = false;
        Assert.Equal("Synced", (string)Run("Sync-MlflowRun lost.db").Clean().Single.Status);
        AssertStored();
        Assert.True(File.Exists(Path.Combine(_session.Folder, "lost.db")));
    }

    [Fact]
    public void Without_a_path_runs_are_sent_from_a_folder_with_runs_and_else_from_the_database()
    {
        ScriptResult result = Run(
            """
            $null = Start-MlflowRun -Name local | Stop-MlflowRun
            (Sync-MlflowRun -TrackingUri $Uri).RunName
            $null = Start-MlflowRun -TrackingUri $Uri -Offline -Name offline | Stop-MlflowRun
            (Sync-MlflowRun).RunName
            """).Clean();
        Assert.Equal(["local", "offline"], result.Texts);
        Assert.Equal(["local", "offline"], _server.Runs.Select(run => run.RunName));
    }

    [Fact]
    public void A_folder_that_has_the_artifacts_of_a_database_keeps_offline_runs_as_well()
    {
        Run($"$null = Start-MlflowRun -Name local\n{Work}$null = Stop-MlflowRun").Clean();
        Run($"$null = Start-MlflowRun -Experiment ours -Name local\n{Work}$null = Stop-MlflowRun").Clean();
        ScriptResult result = Run(
            $"""
            $null = Start-MlflowRun -TrackingUri $Uri -Offline -Experiment ours -Name offline
            {Work}$null = Stop-MlflowRun
            $null = Start-MlflowRun -TrackingUri $Uri -Offline -Name offline | Stop-MlflowRun
            (Get-MlflowRun -TrackingUri ./mlruns).RunName
            (Get-MlflowExperiment -TrackingUri ./mlruns).Count
            (Get-MlflowRun -TrackingUri sqlite:///mlflow.db | Get-MlflowArtifact).ArtifactPath
            (Sync-MlflowRun).Status
            """).Clean();
        Assert.Equal(["offline", "offline", "2", "data", "data", "Synced", "Synced"], result.Texts);
        Assert.Equal(2, result.Warnings.Length);
        AssertStored(_server.Runs.First());
    }

    [Theory]
    [InlineData("Sync-MlflowRun", "no folder ./mlruns and no database ./mlflow.db")]
    [InlineData("Sync-MlflowRun nowhere.db", "no folder or database of runs at nowhere.db")]
    [InlineData("Sync-MlflowRun http://127.0.0.1:1", "not a folder or a SQLite database")]
    [InlineData("Start-MlflowRun -Offline -TrackingUri $Uri -OfflinePath http://127.0.0.1:1", "not a folder or a SQLite database")]
    public void What_keeps_no_runs_is_an_error(string command, string message)
    {
        ScriptResult result = Run($"try {{ {command} }} catch {{ $_.FullyQualifiedErrorId.Split(',')[0]; $_.Exception.Message }}");
        Assert.Equal("UriUnsupported", result.Texts[0]);
        Assert.Contains(message, result.Texts[1]);
        Assert.Empty(Directory.GetFiles(_session.Folder, "*.db"));
    }

    [Fact]
    public void A_database_that_was_moved_is_sent_with_the_artifacts_that_moved_with_it()
    {
        Run($"$null = Start-MlflowRun -TrackingUri sqlite:///old/night.db -Experiment ours\n{Work}$null = Stop-MlflowRun").Clean();
        Directory.Move(Path.Combine(_session.Folder, "old"), Path.Combine(_session.Folder, "moved"));
        Assert.Equal("Synced", (string)Run("Sync-MlflowRun moved/night.db -TrackingUri $Uri").Clean().Single.Status);
        AssertStored();
    }

    [Fact]
    public void A_database_that_was_moved_alone_is_sent_with_the_artifacts_where_it_records_them()
    {
        Run($"$null = Start-MlflowRun -TrackingUri sqlite:///old/night.db -Experiment ours\n{Work}$null = Stop-MlflowRun").Clean();
        File.Move(Path.Combine(_session.Folder, "old", "night.db"), Path.Combine(_session.Folder, "night.db"));
        Assert.Equal("Synced", (string)Run("Sync-MlflowRun night.db -TrackingUri $Uri").Clean().Single.Status);
        AssertStored();
    }

    [Fact]
    public void Artifacts_in_a_bucket_are_not_left_out_in_silence()
    {
        ScriptResult result = Run(
            """
            $null = New-MlflowExperiment far -ArtifactLocation s3://bucket/x
            $null = Start-MlflowRun -Experiment far -Name far | Stop-MlflowRun
            Sync-MlflowRun -TrackingUri $Uri
            """);
        dynamic row = Assert.Single(result.Output);
        Assert.Equal("Incomplete", (string)row.Status);
        Assert.Contains("Artifact", string.Join(' ', (IEnumerable<object>)row.Missing));
        Assert.Contains("s3://bucket/x", (string)row.Reason);
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);
    }

    [Fact]
    public void A_transfer_that_loses_the_server_goes_on_in_the_folder_and_all_files_arrive_in_the_end()
    {
        foreach (int i in Enumerable.Range(0, 40))
            _session.Write($"many/{i}.txt", $"{i}");
        int puts = 0;
        _fault = (context, handle) =>
        {
            _isDown = HttpMethods.IsPut(context.Request.Method) && Interlocked.Increment(ref puts) == 10;
            return handle();
        };
        ScriptResult result = Run("$null = Start-MlflowRun -TrackingUri $Uri -OfflineFallback; Send-MlflowArtifact ./many | ForEach-Object { \"$($_.Status)\" }; $null = Stop-MlflowRun").Clean();
        Assert.Equal(40, result.Texts.Count(status => status == "Sent"));
        Assert.InRange(_server.ArtifactsOf(_server.Runs.Single().RunId).Count(), 1, 39);

        _isDown = false;
        Run("Sync-MlflowRun").Clean();
        Assert.Equal(40, _server.ArtifactsOf(Assert.Single(_server.Runs).RunId).Count());
    }

    [Fact]
    public void A_sync_that_is_interrupted_again_and_again_ends_with_every_run_there_once()
    {
        Run(string.Concat(Enumerable.Range(0, 5).Select(i => $"$null = Start-MlflowRun -TrackingUri $Uri -Offline -Experiment 'e{i % 2}' -Name 'run {i}' -WarningAction SilentlyContinue\n{Work}$null = Stop-MlflowRun\n"))).Clean();
        var chance = new Random(7);
        _fault = (context, handle) =>
        {
            int drawn;
            lock (chance)
                drawn = chance.Next(30);
            return drawn switch { 0 => Faults.CloseAfter(context, handle), 1 => Faults.CloseBefore(context, handle), _ => handle() };
        };
        int attempts = 0;
        while (Run("@(Get-MlflowRun -TrackingUri ./mlruns | Where-Object { -not $_.Tags.ContainsKey('anovos.mlflow.sync.runId') }).Count; $null = Sync-MlflowRun").Texts[0] != "0")
            Assert.True(++attempts < 200);

        _fault = (_, handle) => handle();
        Assert.True(attempts > 0);
        Assert.Equal(5, _server.Runs.Count);
        Assert.Equal(2, _server.Experiments.Count(experiment => experiment.Name.StartsWith('e')));
        foreach (StoredRun run in _server.Runs)
            AssertStored(run);
    }

    [Theory]
    [InlineData("2.17")]
    [InlineData("3.11")]
    public void Runs_that_MLflow_itself_wrote_into_a_folder_are_sent_too(string version)
    {
        string folder = Repository.Shared($"mlflow/mlruns/{version}");
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            _session.Write(Path.Combine("theirs", Path.GetRelativePath(folder, file)), File.ReadAllText(file));
        ScriptResult result = Run("Sync-MlflowRun ./theirs -TrackingUri $Uri -Experiment Anovos").Clean();

        Assert.Equal(3, result.Output.Count(row => (string)row.Properties["Status"].Value == "Synced"));
        StoredRun nightly = _server.Runs.Single(run => run.RunName == "nightly");
        Assert.Equal(("parquet", "größe 世", "a note"), (nightly.Params["write_main/file_type"], nightly.Params["unicode"], nightly.Tags["mlflow.note.content"]));
        string loss = Directory.GetFiles(folder, "loss", SearchOption.AllDirectories).Single();
        Assert.Equal(File.ReadAllLines(loss).Length, nightly.Metrics.Count(point => point.Key == "loss"));
        Assert.Equal(["config/config.yaml"], _server.ArtifactsOf(nightly.RunId).Select(entry => entry.Key));
        Assert.Contains(_server.Runs, run => run.Status == "FAILED");
    }

    [Fact]
    public void A_run_that_says_no_server_and_is_given_none_is_an_error()
    {
        ScriptResult result = Run("$null = Start-MlflowRun; $null = Stop-MlflowRun; Sync-MlflowRun");
        Assert.Contains("-TrackingUri", Assert.Single(result.Errors).ToString());
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new TrackingServerOptions { KeepsRepeatedPoints = true });
        _server.Faults.Add("*", "*", (context, handle) => (_isDown ? Faults.CloseBefore : _fault)(context, handle), times: int.MaxValue);
        _session.Write("data/a.txt", "a");
        _session.Write("data/sub/größe.txt", "b");
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _server.DisposeAsync();
    }

    private ScriptResult Run(string script)
    {
        // Without retries, an unreachable server fails immediately.
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        try
        {
            return _session.Run(script, ("Uri", _server.Uri.ToString()));
        }
        finally
        {
            Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", null);
        }
    }

    private StoredRun AssertStored(StoredRun? run = null)
    {
        run ??= Assert.Single(_server.Runs);
        Assert.Equal(("0.1", "größe\n2", "ops"), (run.Params["lr"], run.Params["text"], run.Tags["team"]));
        Assert.Equal(22, run.Metrics.Count);
        Assert.Equal(Enumerable.Range(1, 20).Select(i => (i / 3.0, (long)i)), run.Metrics.Where(point => point.Key == "series/a").OrderBy(point => point.Step).Select(point => (point.Value, point.Step)));
        Assert.Equal(["data/a.txt", "data/sub/größe.txt"], _server.ArtifactsOf(run.RunId).Select(entry => entry.Key).Order(StringComparer.Ordinal));
        return run;
    }
}
