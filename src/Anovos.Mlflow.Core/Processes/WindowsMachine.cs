using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Anovos.Mlflow.Processes;

/// <summary>Reads the usage of a Windows machine.</summary>
/// <param name="disk">The root of the drive to read.</param>
internal sealed class WindowsMachine(string disk) : Machine(disk)
{
    protected override CpuTime? Cpu()
    {
        // The kernel time includes the idle time.
        if (!GetSystemTimes(out long idle, out long kernel, out long user))
            throw new Win32Exception();
        return new CpuTime((double)(kernel + user - idle) / TimeSpan.TicksPerSecond, (double)(kernel + user) / TimeSpan.TicksPerSecond);
    }

    protected override MemoryUse? Memory()
    {
        var status = new MemoryStatus { Length = (uint)Marshal.SizeOf<MemoryStatus>() };
        if (!GlobalMemoryStatusEx(ref status))
            throw new Win32Exception();
        return new MemoryUse((long)(status.TotalPhysical - status.AvailablePhysical), (long)status.TotalPhysical);
    }

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool GetSystemTimes(out long idle, out long kernel, out long user);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool GlobalMemoryStatusEx(ref MemoryStatus status);

    // MEMORYSTATUSEX
    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryStatus
    {
        public uint Length, LoadPercentage;
        public ulong TotalPhysical, AvailablePhysical, TotalPageFile, AvailablePageFile, TotalVirtual, AvailableVirtual, AvailableExtended;
    }
}
