using System.Diagnostics;
using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Anovos cannot run with its own mlflow block, so it gets a file without the block and the module does the tracking.
/// <c>tests/workflow/anovos.py</c> stands in for Anovos. These tests run alone, because the temporary folder belongs to the whole process.
/// </summary>
[Collection(nameof(AnovosTrackingTests))]
[CollectionDefinition(nameof(AnovosTrackingTests), DisableParallelization = true)]
public sealed class AnovosTrackingTests : IAsyncLifetime
{
    private static readonly string Program = Path.Combine(Repository.Root, "tests", "workflow", "anovos.py");

    // The session's process keeps folders of programs in its temporary folder: give the tests their own.
    private readonly string _temporary = Directory.CreateTempSubdirectory("anovos-mlflow-tests-").FullName;
    private readonly string? _before = Environment.GetEnvironmentVariable("TMPDIR");
    private readonly ScriptSession _session;
    private TrackingServer _server = null!;

    public AnovosTrackingTests()
    {
        Environment.SetEnvironmentVariable("TMPDIR", _temporary);
        _session = new ScriptSession();
    }

    [Theory]
    [InlineData("-RunType local")]
    [InlineData("./config.yaml local")]
    [InlineData("'config.yaml' local")]
    public void Anovos_gets_a_copy_without_the_block_which_only_the_user_can_read_and_the_run_gets_the_file(string arguments)
    {
        ScriptResult result = Invoke($"'--seen' ./seen.json {arguments}").Clean();
        JsonElement seen = Seen();
        Assert.Equal(InvokeWorkflowTests.Config[..InvokeWorkflowTests.Config.IndexOf("mlflow:", StringComparison.Ordinal)],
            Text(seen, "content"));
        Assert.Equal(("config.yaml", "1"), (Path.GetFileName(Text(seen, "path")), Text(seen, "unbuffered")));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(("0o600", "0o700"), (Text(seen, "mode"), seen.GetProperty("folders")[1].GetString()));
        Assert.StartsWith(_temporary, Text(seen, "path"), StringComparison.Ordinal);
        Assert.Empty(Left);

        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal(("FINISHED", 1.2942, 106.7549),
            (stored.Status, Metric(stored, "time/stats_generator/global_summary"), Metric(stored, "time/without_report")));
        Assert.True(Metric(stored, "time/total") > 0);
        Assert.StartsWith("**Finished** after ", stored.Tags["mlflow.note.content"], StringComparison.Ordinal);
        Assert.Equal(InvokeWorkflowTests.Config, _server.ArtifactsOf(stored.RunId)
            .Single(file => file.Key == "config/config.yaml").Value.Bytes is var bytes ? System.Text.Encoding.UTF8.GetString(bytes) : "");
    }

    [Fact]
    public void An_argument_with_the_path_behind_its_name_is_the_file_and_one_that_only_ends_in_it_is_not()
    {
        Invoke("-RunType local '--recording=config.yaml' '--seen=seen.json'", program: "'-c' 'import sys; print(sys.argv[1:])'").Clean();
        string shown = Assert.Single(Information(_last), text => text.StartsWith('['));
        Assert.Matches(@"^\['--recording=[^']*anovos-mlflow-workflow-[^']*config\.yaml', '--seen=seen\.json', '[^']*anovos-mlflow-workflow-[^']*config\.yaml', 'local'\]$", shown);
    }

    [Fact]
    public void With_AnovosTracking_Anovos_gets_the_file_itself_and_stops_where_the_real_one_stops()
    {
        ScriptResult result = Invoke("-RunType local '--seen' ./seen.json -AnovosTracking");
        Assert.Equal((InvokeWorkflowTests.Config, Path.Combine(_session.Folder, "config.yaml")),
            (Text(Seen(), "content"), Text(Seen(), "path")));
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal("FAILED", stored.Status);
        Assert.Contains("exit code 1 in stats_generator.global_summary: pyspark.sql.utils.AnalysisException", result.Errors[^1].ToString());
    }

    [Fact]
    public void A_description_of_the_users_own_stays_alone()
    {
        Invoke("-RunType local -Tag @{ 'mlflow.note.content' = 'mine' }").Clean();
        Assert.Equal("mine", Assert.Single(_server.Runs).Tags["mlflow.note.content"]);
    }

    [Fact]
    public void A_file_that_crashes_Anovos_is_tracked_as_the_recorded_run_without_its_block()
    {
        string crashing = Repository.Shared("anovos/real/a1_full_mlflow"), sound = Repository.Shared("anovos/real/b_full_no_mlflow");
        File.Copy(Path.Combine(crashing, "config.yaml"), Path.Combine(_session.Folder, "config.yaml"), overwrite: true);
        ScriptResult result = Invoke($"-RunType local '--recording' '{sound}' '--stops-as' '{crashing}'").Clean();
        StoredRun stored = Assert.Single(_server.Runs);
        Assert.Equal("FINISHED", stored.Status);
        Assert.Equal(29, stored.LatestMetrics.Keys.Count(key => key.StartsWith("time/", StringComparison.Ordinal)
            && key is not ("time/total" or "time/without_report" or "time/write_main")));
        Assert.Equal(106.7549, Metric(stored, "time/without_report"));
        Assert.Equal(1193, Metric(stored, "measures_of_counts/age/fill_count"));
        Assert.Contains(_server.ArtifactsOf(stored.RunId), file => file.Key == "report_stats/drift_statistics.csv");
        string note = stored.Tags["mlflow.note.content"];
        Assert.Contains("Its log has 5 errors, after which it went on.", note);
        Assert.Contains("### Flagged attributes", note);
        Assert.Contains("| report&#95;preprocessing/charts&#95;to&#95;objects | 38.6 |", note);
        Assert.Equal(5, result.Warnings.Count(warning => warning.Contains("| ERROR ")));
        Assert.Single(result.Warnings, warning => warning.Contains("No Partition Defined for Window operation"));
        TestContext.Current.SendDiagnosticMessage(note);

        // Started the way the block demands, it ends like the recorded run.
        Invoke($"-RunType local '--recording' '{sound}' '--stops-as' '{crashing}' -AnovosTracking");
        StoredRun failed = _server.Runs.Single(run => run.RunId != stored.RunId);
        Assert.Equal("FAILED", failed.Status);
        Assert.Contains("in stats&#95;generator.global&#95;summary&#58; pyspark.sql.utils.AnalysisException",
            failed.Tags["mlflow.note.content"]);
    }

    [Fact]
    public void What_stops_Anovos_own_tracking_is_reported_before_Spark_starts_where_Anovos_tracks_and_only_there()
    {
        string crashing = Repository.Shared("anovos/real/a1_full_mlflow"), inputs = Repository.Shared("anovos/real/_input");
        foreach (string file in Directory.GetFiles(inputs, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(_session.Folder, Path.GetRelativePath(inputs, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        _session.Write("data/metric_dictionary.csv", "Section Category,Metric Name\n");
        _session.Write("config.yaml", File.ReadAllText(Path.Combine(crashing, "config.yaml")));
        _session.Run(Script("-RunType local", skip: ""), Variables).Clean();
        Assert.Equal("FINISHED", Assert.Single(_server.Runs).Status);

        ErrorRecord error = Assert.Single(_session.Run(Script("-RunType local -AnovosTracking", skip: ""), Variables).Errors);
        Assert.Equal("ConfigInvalid", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains("AnalysisException: Path does not exist", error.ToString());
        Assert.Single(_server.Runs);
    }

    [Fact]
    public async Task Stopping_leaves_neither_a_copy_nor_a_process()
    {
        using PowerShellPipeline pipeline = _session.Create(Script("-RunType local '--seen' ./seen.json '--hang'"), Variables);
        IAsyncResult running = pipeline.BeginInvoke();
        await Until(() => File.Exists(Path.Combine(_session.Folder, "seen.json")));
        Assert.Single(Left);
        pipeline.Stop();
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        Assert.Empty(Left);
        Assert.False(IsAlive(Seen().GetProperty("pid").GetInt32()));
    }

    [Fact]
    public void A_timeout_leaves_neither_a_copy_nor_a_process()
    {
        Invoke("-RunType local '--seen' ./seen.json '--hang' -Timeout 2");
        Assert.Equal("KILLED", Assert.Single(_server.Runs).Status);
        Assert.Empty(Left);
        Assert.False(IsAlive(Seen().GetProperty("pid").GetInt32()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_module_that_is_killed_leaves_neither_a_copy_nor_a_process(bool hasGuard)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are looked up in /proc");
        string script = $"Import-Module '{Repository.StagedModule}'; $Uri = '{_server.Uri}'; $Anovos = '{Program}'\n"
            + Script("-RunType local '--seen' ./seen.json '--hang'");
        var start = new ProcessStartInfo(Repository.Pwsh) { WorkingDirectory = _session.Folder };
        foreach (string argument in new[] { "-NoProfile", "-NonInteractive", "-Command", script })
            start.ArgumentList.Add(argument);
        using Process module = Process.Start(start)!;
        await Until(() => File.Exists(Path.Combine(_session.Folder, "seen.json")));
        int pid = Seen().GetProperty("pid").GetInt32();
        int guard = Guards(module.Id).Single();
        if (!hasGuard)
            Process.GetProcessById(guard).Kill();
        module.Kill();
        await module.WaitForExitAsync(TestContext.Current.CancellationToken);

        if (hasGuard)
        {
            await Until(() => !IsAlive(pid) && Left.Length == 0);
            return;
        }

        // The next start finds the remains.
        Assert.True(IsAlive(pid));
        Assert.Single(Left);
        Invoke("-RunType local").Clean();
        await Until(() => !IsAlive(pid));
        Assert.Empty(Left);
    }

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH, in which tests/workflow/anovos.py is written");
        _server = await TrackingServer.StartAsync();
        _session.Write("config.yaml", InvokeWorkflowTests.Config);
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        if (_server is not null)
            await _server.DisposeAsync();
        Environment.SetEnvironmentVariable("TMPDIR", _before);
        Directory.Delete(_temporary, recursive: true);
    }

    private ScriptResult _last = null!;

    private string[] Left => Directory.GetDirectories(_temporary, "anovos-mlflow-workflow-*");

    private (string, object?)[] Variables => [("Uri", _server.Uri.ToString()), ("Anovos", Program)];

    private static string Script(string arguments, string program = "$Anovos", string skip = "-SkipCheck ") =>
        $"Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow {skip}-TrackingUri $Uri python3 {program} {arguments}";

    private ScriptResult Invoke(string arguments, string program = "$Anovos") =>
        _last = _session.Run(Script(arguments, program), Variables);

    private JsonElement Seen() => JsonDocument.Parse(File.ReadAllText(Path.Combine(_session.Folder, "seen.json"))).RootElement;

    private static string Text(JsonElement seen, string name) => seen.GetProperty(name).GetString()!;

    private static double Metric(StoredRun run, string key) => run.LatestMetrics[key].Value;

    private static string[] Information(ScriptResult result) =>
        [.. result.Streams.Information.Select(record => record.MessageData.ToString()!)];

    private static int[] Guards(int parent) =>
    [
        .. Process.GetProcesses().Select(process => process.Id)
            .Where(id => Try($"/proc/{id}/cmdline").Contains("anovos-mlflow-guard") && Try($"/proc/{id}/stat").Split(") ")[^1]
                .Split(' ')[1] == $"{parent}"),
    ];

    private static string Try(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ") X 0"; // the process ended
        }
    }

    private static bool IsAlive(int id)
    {
        string stat = Try($"/proc/{id}/stat");
        return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }
}
