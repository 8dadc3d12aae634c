using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Anovos.Mlflow.Processes;

/// <content>Reads the resource usage of the job's processes.</content>
internal sealed partial class WindowsJob
{
    private const int AccountingInformation = 1, ProcessIdList = 3;
    private const int MoreData = 234;

    /// <summary>Reads the current usage; null if no process is left.</summary>
    /// <exception cref="Win32Exception">Windows does not provide the usage.</exception>
    public TreeUsage? Usage()
    {
        var accounting = default(JobAccounting);
        if (!QueryInformationJobObject(_job, AccountingInformation, ref accounting, Marshal.SizeOf<JobAccounting>(), IntPtr.Zero))
            throw new Win32Exception();
        HashSet<int> ids = ProcessIds();
        long memory = 0;
        int processes = 0;
        foreach (Process process in Process.GetProcesses())
        {
            using (process)
            {
                if (!ids.Contains(process.Id))
                    continue;
                processes++;
                memory += process.WorkingSet64;
            }
        }

        double seconds = (double)(accounting.UserTime + accounting.KernelTime) / TimeSpan.TicksPerSecond;
        return processes == 0 ? null : new TreeUsage(seconds, memory, processes);
    }

    private HashSet<int> ProcessIds()
    {
        // The number of processes, the number of list entries, and the list, with entries the size of a pointer.
        const int Header = 8;
        for (int room = 64; ; room *= 4)
        {
            int size = Header + (room * IntPtr.Size);
            IntPtr list = Marshal.AllocHGlobal(size);
            try
            {
                if (QueryInformationJobObject(_job, ProcessIdList, list, size, IntPtr.Zero))
                {
                    return [.. Enumerable.Range(0, Marshal.ReadInt32(list, 4))
                        .Select(i => (int)Marshal.ReadIntPtr(list, Header + (i * IntPtr.Size)))];
                }

                if (Marshal.GetLastWin32Error() != MoreData)
                    throw new Win32Exception();
            }
            finally
            {
                Marshal.FreeHGlobal(list);
            }
        }
    }

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool QueryInformationJobObject(
        SafeFileHandle job, int kind, ref JobAccounting information, int size, IntPtr returned);

    [DllImport("kernel32", SetLastError = true, ExactSpelling = true)]
    private static extern bool QueryInformationJobObject(SafeFileHandle job, int kind, IntPtr information, int size, IntPtr returned);

    // JOBOBJECT_BASIC_ACCOUNTING_INFORMATION
    [StructLayout(LayoutKind.Sequential)]
    private struct JobAccounting
    {
        public long UserTime, KernelTime, PeriodUserTime, PeriodKernelTime;
        public uint PageFaults, Processes, ActiveProcesses, TerminatedProcesses;
    }
}
