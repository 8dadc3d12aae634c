using System.Text.Json.Nodes;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>Compares the values of the real machine and real processes with those of psutil, which MLflow uses.</summary>
public sealed class MachineBesidePsutilTests
{
    // A process with two children, each with 50 MB and some used CPU time. All of them are idle.
    private const string Family =
        """
        import subprocess, sys, time
        work = "import sys; held = bytearray(50_000_000); sum(i * i for i in range(2_000_000)); print(1, flush=True); sys.stdin.read()"
        children = [subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE, stdin=subprocess.PIPE) for _ in range(2)]
        for child in children:
            child.stdout.readline()
        subprocess.run([sys.executable, "-c", "sum(i * i for i in range(2_000_000))"])
        print("ready", flush=True)
        time.sleep(600)
        """;

    [Fact]
    public async Task The_machine_is_what_psutil_says_and_MLflow_names()
    {
        MlflowPython.Require();
        MachineUsage before = Machine.Of(Path.GetTempPath()).Read();
        JsonNode psutil = JsonNode.Parse(await ReadAsync(Environment.ProcessId))!;
        MachineUsage after = Machine.Of(Path.GetTempPath()).Read();

        Between(before.Cpu!.Value.Busy, psutil["cpu"]![0], after.Cpu!.Value.Busy);
        Between(before.Cpu.Value.Total, psutil["cpu"]![1], after.Cpu.Value.Total);
        Between(before.Network!.Value.Received, psutil["network"]![0], after.Network!.Value.Received);
        Between(before.Network.Value.Sent, psutil["network"]![1], after.Network.Value.Sent);
        Assert.Equal(before.Memory!.Value.Total, psutil["memory"]![1]!.GetValue<long>());
        Near(before.Memory.Value.Used, psutil["memory"]![0], before.Memory.Value.Total);
        Near(before.Disk!.Value.Used, psutil["disk"]![0], before.Disk.Value.Used);
        Near(before.Disk.Value.Available, psutil["disk"]![1], before.Disk.Value.Used);

        var metrics = new SystemMetrics(new SystemMetricOptions(), StoreLimits.Mlflow, () => before, () => null);
        metrics.Start();
        before = after;
        metrics.Sample();
        Assert.Equal(
            psutil["names"]!.AsArray().Select(name => $"system/{name!.GetValue<string>()}").Order(StringComparer.Ordinal),
            metrics.TakePoints(0).Select(point => point.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_tree_is_what_psutil_says_of_its_processes()
    {
        MlflowPython.Require();
        Assert.SkipUnless(ProcessTree.IsMeasured, "This system does not provide the usage of processes.");
        using var tree = new ProcessTree();
        StartedProcess family = tree.Start(ProcessStart.Of(MlflowPython.Program, ["-c", Family]));
        try
        {
            Assert.Equal("ready", new StreamReader(family.Output).ReadLine());
            TreeUsage before = tree.Usage()!;
            JsonNode psutil = JsonNode.Parse(await ReadAsync(family.Process.Id))!["tree"]!;
            TreeUsage after = tree.Usage()!;
            Between(before.CpuSeconds, psutil[0], after.CpuSeconds);
            Near(before.MemoryBytes, psutil[1], before.MemoryBytes);
            Assert.Equal((3, 3), (before.Processes, psutil[2]!.GetValue<int>()));
            Assert.True(before.MemoryBytes > 100_000_000, $"{before.MemoryBytes}");
        }
        finally
        {
            await tree.EndAsync(TimeSpan.FromSeconds(5));
        }
    }

    private static async Task<string> ReadAsync(int processId) =>
        await MlflowPython.RunAsync(MlflowPython.Start("system_metrics.py", $"{processId}"));

    // CPU time has a resolution of a hundredth of a second.
    private static void Between(double least, JsonNode? value, double most) =>
        Assert.InRange(value!.GetValue<double>(), least - 0.02, most + 0.02);

    // Other processes start and end.
    private static void Near(double ours, JsonNode? theirs, double all) =>
        Assert.InRange(theirs!.GetValue<double>(), ours - (all * 0.1), ours + (all * 0.1));
}
