using System.Globalization;

namespace Anovos.Mlflow.Processes;

/// <summary>Reads the usage of a Linux machine from <c>/proc</c>, with the formulas of psutil, which MLflow uses.</summary>
/// <param name="disk">A folder on the disk to read.</param>
/// <param name="proc">The folder <c>/proc</c>.</param>
internal sealed class LinuxMachine(string disk, string proc) : Machine(disk)
{
    /// <summary>Times in <c>/proc</c> are in units of USER_HZ, which is 100 per second on every .NET platform.</summary>
    public const double TicksPerSecond = 100;

    // user nice system idle iowait irq softirq steal; the guest times that follow are included in the first two.
    private const int CpuFields = 8, Idle = 3, WaitingForDisk = 4;

    protected override CpuTime? Cpu()
    {
        string[] fields = Fields(File.ReadLines(Path.Combine(proc, "stat")).FirstOrDefault());
        if (fields.Length <= CpuFields || fields[0] != "cpu")
            return null;
        long[] ticks = [.. fields.Skip(1).Take(CpuFields).Select(Number)];
        long total = ticks.Sum();
        return new CpuTime((total - ticks[Idle] - ticks[WaitingForDisk]) / TicksPerSecond, total / TicksPerSecond);
    }

    protected override MemoryUse? Memory()
    {
        Dictionary<string, long> kilobytes = [];
        foreach (string line in File.ReadLines(Path.Combine(proc, "meminfo")))
        {
            string[] fields = Fields(line);
            if (fields.Length > 1)
                kilobytes[fields[0]] = Number(fields[1]);
        }

        long total = Of("MemTotal:");
        if (total == 0)
            return null;
        long used = total - Of("MemFree:") - Of("Buffers:") - Of("Cached:") - Of("SReclaimable:");
        return new MemoryUse((used < 0 ? total - Of("MemFree:") : used) * 1024, total * 1024);

        long Of(string name) => kilobytes.TryGetValue(name, out long value) ? value : 0;
    }

    protected override NetworkUse? Network()
    {
        // Two header lines, then one line per interface: "eth0: received … sent …".
        const int Sent = 8;
        long received = 0, sent = 0;
        foreach (string line in File.ReadLines(Path.Combine(proc, "net", "dev")).Skip(2))
        {
            string[] fields = Fields(line.Substring(line.LastIndexOf(':') + 1));
            if (fields.Length <= Sent)
                continue;
            received += Number(fields[0]);
            sent += Number(fields[Sent]);
        }

        return new NetworkUse(received, sent);
    }

    private static string[] Fields(string? line) => line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries) ?? [];

    private static long Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : 0;
}
