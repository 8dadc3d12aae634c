using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>The usage of a Linux machine, from recorded text of /proc.</summary>
public sealed class LinuxMachineTests : IDisposable
{
    private readonly TemporaryFolder _proc = new();

    public void Dispose() => _proc.Dispose();

    [Fact]
    public void Waiting_for_a_disk_is_idle_and_guests_count_once()
    {
        Write("stat", "cpu  5022532 286332 1289670 2386028 26194 7 33986 3420 1000 50\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 7 8\n");
        CpuTime cpu = Read().Cpu!.Value;
        Assert.Equal((5022532 + 286332 + 1289670 + 7 + 33986 + 3420) / 100.0, cpu.Busy, 6);
        Assert.Equal(cpu.Busy + ((2386028 + 26194) / 100.0), cpu.Total, 6);
    }

    [Fact]
    public void Caches_and_buffers_are_not_used_memory()
    {
        Write(
            "meminfo",
            "MemTotal:       24605276 kB\nMemFree:         1059564 kB\nMemAvailable:   18059564 kB\nBuffers:          100000 kB\n"
            + "Cached:         17000000 kB\nSwapCached:            0 kB\nSReclaimable:     500000 kB\nHugePages_Total:       0\n");
        Assert.Equal(new MemoryUse((24605276L - 1059564 - 100000 - 17000000 - 500000) * 1024, 24605276L * 1024), Read().Memory);
    }

    [Fact]
    public void A_container_that_distorts_the_caches_has_all_but_the_free_memory_in_use()
    {
        Write("meminfo", "MemTotal:  1000 kB\nMemFree: 400 kB\nCached: 5000 kB\n");
        Assert.Equal(new MemoryUse(600 * 1024, 1000 * 1024), Read().Memory);
    }

    [Fact]
    public void All_interfaces_are_added_up_also_where_no_space_follows_the_name()
    {
        Write(
            "net/dev",
            "Inter-|   Receive                                                |  Transmit\n"
            + " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
            + "    lo: 341953363085 22615255    0    0    0     0     0    0 341953363085 22615255    0    0    0     0       0    0\n"
            + "eth0:1:12932346612  373819    0    0    0     0          0         0 26717746  264722    0    0    0     0       0    0\n");
        Assert.Equal(new NetworkUse(341953363085 + 12932346612, 341953363085 + 26717746), Read().Network);
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu")]
    [InlineData("nothing of this kind\n\n:\n")]
    public void What_cannot_be_read_is_missing_and_the_rest_is_there(string text)
    {
        Assert.NotNull(Read().Disk);
        Write("stat", text);
        Write("meminfo", text);
        MachineUsage usage = Read();
        Assert.Equal((null, null, null), (usage.Cpu, usage.Memory, usage.Network));
        Assert.NotNull(usage.Disk);
    }

    private MachineUsage Read() => new LinuxMachine(Path.GetPathRoot(_proc.FullPath)!, _proc.FullPath).Read();

    private void Write(string name, string text)
    {
        string path = _proc.Below(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
