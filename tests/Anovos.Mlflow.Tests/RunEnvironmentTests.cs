using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests the run in the environment of child processes, while several sessions of one process start and stop runs.
/// </summary>
public sealed class RunEnvironmentTests : IDisposable
{
    private static readonly string[] Names = ["MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_URI"];
    private static readonly Variables Before = new("before", "7", null);

    private readonly ScriptSession[] _sessions = [new(), new(), new()];

    public RunEnvironmentTests()
    {
        Environment.SetEnvironmentVariable("MLFLOW_RUN_ID", Before.RunId);
        Environment.SetEnvironmentVariable("MLFLOW_EXPERIMENT_ID", Before.ExperimentId);
    }

    public void Dispose()
    {
        foreach (ScriptSession session in _sessions)
            session.Dispose();
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, null);
    }

    [Theory]
    [InlineData(2, 6)]
    [InlineData(3, 90)]
    public void It_is_the_one_started_last_and_still_active_in_every_order_of_starts_and_stops(int sessions, int orders)
    {
        int[][] all = [.. Orders([], [.. Enumerable.Repeat(2, sessions)])];
        Assert.Equal(orders, all.DistinctBy(order => string.Join(",", order)).Count());
        foreach (int[] order in all)
        {
            List<(int Session, Variables Run)> active = [];
            foreach (int session in order)
            {
                if (active.RemoveAll(run => run.Session == session) > 0)
                    _sessions[session].Run("$null = Stop-MlflowRun").Clean();
                else
                    active.Add((session, Start(session)));
                Variables expected = active.Count == 0 ? Before : active[^1].Run;
                Assert.True(expected == Current, $"wrong after a step of {string.Join(", ", order)}: {Current}");
            }
        }
    }

    [Fact]
    public void A_run_resumed_in_two_sessions_is_named_until_both_have_stopped_it()
    {
        Variables run = Start(0);
        _sessions[1].Run("$null = Start-MlflowRun -RunId $Id -TrackingUri $Uri", ("Id", run.RunId), ("Uri", run.TrackingUri)).Clean();
        Stop(0);
        Assert.Equal(run, Current);
        Stop(1);
        Assert.Equal(Before, Current);
    }

    [Fact]
    public void A_nested_run_gives_way_to_the_one_that_another_session_started_after_the_outer_one()
    {
        Variables outer = Start(0);
        Variables other = Start(1);
        Variables inner = Start(0);
        Assert.Equal(inner, Current);
        Stop(0);
        Assert.Equal(other, Current);
        Stop(1);
        Assert.Equal(outer, Current);
        Stop(0);
        Assert.Equal(Before, Current);
    }

    [Theory]
    [InlineData("Remove-Module Anovos.Mlflow")]
    [InlineData("Import-Module $Module -Force")]
    public void A_session_that_ends_with_its_module_takes_its_run_with_it(string script)
    {
        Variables first = Start(0);
        Start(1);
        _sessions[1].Run(script, ("Module", Repository.StagedModule)).Clean();
        Assert.Equal(first, Current);
        Stop(0);
        Assert.Equal(Before, Current);
    }

    [Fact]
    public void A_runspace_that_closes_takes_its_run_with_it()
    {
        Variables first = Start(0);
        using (Runspace closing = Open())
            Assert.Equal(StartIn(closing, first.TrackingUri), Current.RunId);
        Assert.Equal(first, Current);
        Stop(0);
        Assert.Equal(Before, Current);
    }

    [Fact]
    public void A_runspace_that_is_dropped_without_being_closed_does_too()
    {
        Variables first = Start(0);
        WeakReference dropped = Drop(first.TrackingUri);
        for (int i = 0; dropped.IsAlive && i < 100; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(dropped.IsAlive);
        Start(1);
        Stop(1);
        Assert.Equal(first, Current);
        Stop(0);
        Assert.Equal(Before, Current);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Drop(string? uri)
        {
            Runspace runspace = Open();
            Assert.Equal(StartIn(runspace, uri), Current.RunId);
            return new WeakReference(runspace);
        }
    }

    [Fact]
    public void Other_sessions_read_the_values_from_before_the_first_start()
    {
        string before = Path.Combine(_sessions[2].Folder, "store");
        Environment.SetEnvironmentVariable("MLFLOW_TRACKING_URI", before);
        _sessions[0].Run("$null = Start-MlflowRun -Experiment one -TrackingUri ./elsewhere").Clean();
        Assert.Equal(new Uri(before).ToString(), _sessions[1].Run("(Get-MlflowConnection).TrackingUri").Clean().Single.ToString());
        Stop(0);
        Assert.Equal(Before with { TrackingUri = before }, Current);
    }

    // A runspace that ends without removing its module.
    private static Runspace Open()
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ImportPSModule(Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1"));
        Runspace runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        return runspace;
    }

    private static string StartIn(Runspace runspace, string? uri)
    {
        using var pipeline = PowerShellPipeline.Create(runspace);
        pipeline.AddScript("param($Uri) (Start-MlflowRun -Experiment one -TrackingUri $Uri).RunId").AddArgument(uri);
        return Assert.Single(pipeline.Invoke()).ToString();
    }

    private static Variables Current
    {
        get
        {
            string?[] values = [.. Names.Select(Environment.GetEnvironmentVariable)];
            return new(values[0], values[1], values[2]);
        }
    }

    // Every interleaving of the given numbers of steps of the sessions.
    private static IEnumerable<int[]> Orders(int[] done, int[] left)
    {
        if (left.All(steps => steps == 0))
            yield return done;
        for (int session = 0; session < left.Length; session++)
        {
            if (left[session] == 0)
                continue;
            int[] rest = [.. left];
            rest[session]--;
            foreach (int[] order in Orders([.. done, session], rest))
                yield return order;
        }
    }

    private Variables Start(int session)
    {
        dynamic run = _sessions[session].Run("Start-MlflowRun -Experiment one").Clean().Single;
        return new(run.RunId, run.ExperimentId, run.TrackingUri);
    }

    private void Stop(int session) => _sessions[session].Run("$null = Stop-MlflowRun").Clean();

    private sealed record Variables(string? RunId, string? ExperimentId, string? TrackingUri);
}
