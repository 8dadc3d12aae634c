using System.Diagnostics;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>The machine that the tests run on, and processes on it.</summary>
public sealed class MachineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Linux_and_Windows_give_all_of_it_and_other_systems_the_disk_and_the_network()
    {
        Machine machine = Machine.Of(_folder.FullPath);
        MachineUsage usage = machine.Read();
        Assert.True(usage.Disk is { Used: > 0, Available: > 0 }, $"{usage}");
        Assert.NotNull(usage.Network);
        Assert.SkipUnless(machine is LinuxMachine or WindowsMachine, "This system gives neither CPU nor memory.");
        Assert.InRange(usage.Memory!.Value.Used, 1, usage.Memory.Value.Total);
        Assert.InRange(usage.Cpu!.Value.Busy, 0, usage.Cpu.Value.Total);
    }

    [Fact]
    public void Work_is_time_of_the_machine()
    {
        Machine machine = Machine.Of(_folder.FullPath);
        Assert.SkipWhen(machine.Read().Cpu is null, "This system does not give the time of its processors.");
        CpuTime before = machine.Read().Cpu!.Value;
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromMilliseconds(300))
            Thread.SpinWait(1000);
        CpuTime after = machine.Read().Cpu!.Value;
        Assert.True(after.Busy > before.Busy, $"{before} {after}");
        // On a machine that is never idle both are the same, except for the rounding of a difference.
        Assert.InRange(after.Busy - before.Busy, 0, after.Total - before.Total + 1e-6);
    }

    [Fact]
    public async Task A_tree_has_its_processes_and_none_when_they_have_ended()
    {
        Assert.SkipUnless(ProcessTree.IsMeasured, "This system does not give what processes use.");
        using var tree = new ProcessTree();
        Assert.Null(tree.Usage());
        bool isWindows = Path.DirectorySeparatorChar == '\\';
        tree.Start(isWindows
            ? new ProcessStartInfo(Environment.GetEnvironmentVariable("ComSpec")!, "/c ping -n 600 127.0.0.1 > nul")
            : new ProcessStartInfo("/bin/sh", "-c \"sleep 600; true\""));
        TreeUsage? usage = tree.Usage();
        for (; usage?.Processes != 2; usage = tree.Usage())
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.True(usage is { MemoryBytes: > 0, CpuSeconds: >= 0 }, $"{usage}");
        await tree.EndAsync(TimeSpan.FromSeconds(5));
        while (tree.Usage() is not null)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        tree.Dispose();
        Assert.Null(tree.Usage());
    }
}
