using System.ComponentModel;
using System.Net.NetworkInformation;

namespace Anovos.Mlflow.Processes;

/// <summary>Reads the usage of this machine. This class reads the values that .NET provides on every system: disk and network.</summary>
/// <param name="disk">A folder on the disk to read.</param>
internal class Machine(string disk)
{
    /// <summary>Returns the machine that this process runs on.</summary>
    /// <param name="folder">A folder on the disk to read. Systems other than Windows read the root's disk, as MLflow does.</param>
    public static Machine Of(string folder)
    {
        if (WindowsName.IsWindows)
            return new WindowsMachine(Path.GetPathRoot(Path.GetFullPath(folder))!);
        return Directory.Exists("/proc/self") ? new LinuxMachine("/", "/proc") : new Machine("/");
    }

    /// <summary>Reads all values. A value that cannot be read is null.</summary>
    public MachineUsage Read() => new(Try(Cpu), Try(Memory), Try(Disk), Try(Network));

    protected virtual CpuTime? Cpu() => null;

    protected virtual MemoryUse? Memory() => null;

    protected virtual NetworkUse? Network()
    {
        long received = 0, sent = 0;
        foreach (NetworkInterface one in NetworkInterface.GetAllNetworkInterfaces())
        {
            IPInterfaceStatistics statistics = one.GetIPStatistics();
            received += statistics.BytesReceived;
            sent += statistics.BytesSent;
        }

        return new NetworkUse(received, sent);
    }

    private DiskUse? Disk()
    {
        var drive = new DriveInfo(disk);
        return new DiskUse(drive.TotalSize - drive.TotalFreeSpace, drive.AvailableFreeSpace);
    }

    private static T? Try<T>(Func<T?> read)
        where T : struct
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or Win32Exception
            or NotSupportedException)
        {
            // For example, a sandbox hides /proc, the folder is on a share instead of a drive, or .NET supports less on the system.
            return null;
        }
    }
}
