using System.Diagnostics;
using System.Runtime.InteropServices;
#if NET
using System.Text;
#else
using System.ComponentModel;
using Microsoft.Win32.SafeHandles;
#endif

namespace Anovos.Mlflow.Processes;

/// <summary>
/// A child process and all that it starts, to be ended together. On Linux they are told by a variable that they inherit, so
/// that one whose parent has ended is found too; on Windows PowerShell by a job object.
/// </summary>
internal sealed class ProcessTree : IDisposable
{
    /// <summary>The variable by which the processes of one workflow are told.</summary>
    public const string Variable = "ANOVOS_MLFLOW_WORKFLOW";

    private const int Terminate = 15;
    private const int Kill = 9;

    private readonly string _mark = Guid.NewGuid().ToString("N");
    private Process? _root;
#if !NET
    private readonly SafeFileHandle _job = CreateJobObject(IntPtr.Zero, null);
#endif

    /// <summary>What the environment of each process of the tree holds.</summary>
    public string Mark => $"{Variable}={_mark}";

    /// <summary>Ends the processes of a tree whose own process was killed. Elsewhere than on Linux they cannot be found.</summary>
    public static void EndMarked(string mark)
    {
#if NET
        foreach (int id in OperatingSystem.IsWindows() ? [] : Marked(mark))
            Send(id, Kill);
#endif
    }

    /// <summary>Starts the process as the root.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public Process Start(ProcessStartInfo start)
    {
        start.Environment[Variable] = _mark;
        _root = Process.Start(start)!;
#if !NET
        if (!AssignProcessToJobObject(_job, _root.Handle) && !_root.HasExited)
            throw new Win32Exception();
#endif
        return _root;
    }

    /// <summary>Asks all of them to end, and after <paramref name="grace"/> ends those that did not.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
#if NET
        if (!OperatingSystem.IsWindows())
        {
            Signal(Terminate);
            for (var waited = Stopwatch.StartNew(); waited.Elapsed < grace && IsAlive(); )
                await Task.Delay(50).ConfigureAwait(false);
        }

        try
        {
            _root?.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended, or one of them did meanwhile.
        }

        if (!OperatingSystem.IsWindows())
            Signal(Kill);
#else
        // Windows has no polite way that a console program without a window hears.
        await Task.Yield();
        TerminateJobObject(_job, 1);
#endif
    }

    public void Dispose()
    {
        _root?.Dispose();
#if !NET
        _job.Dispose();
#endif
    }

#if NET
    private bool IsAlive() => _root is { HasExited: false } || Marked(Mark).Any();

    private void Signal(int signal)
    {
        if (_root is { HasExited: false })
            Send(_root.Id, signal);
        foreach (int id in Marked(Mark))
            Send(id, signal);
    }

    // /proc is Linux's; elsewhere .NET's own walk from parent to child has to do.
    private static IEnumerable<int> Marked(string mark)
    {
        byte[] wanted = Encoding.ASCII.GetBytes(mark);
        foreach (string folder in Directory.Exists("/proc/self") ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (int.TryParse(Path.GetFileName(folder), out int id) && id != Environment.ProcessId && IsMarked(folder, wanted))
                yield return id;
        }
    }

    private static bool IsMarked(string folder, byte[] wanted)
    {
        try
        {
            return File.ReadAllBytes(Path.Combine(folder, "environ")).AsSpan().IndexOf(wanted) >= 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // ended, or another user's
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int processId, int signal);
#else
    [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true)]
    private static extern SafeFileHandle CreateJobObject(IntPtr attributes, string? name);

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool AssignProcessToJobObject(SafeFileHandle job, IntPtr process);

    [DllImport("kernel32", SetLastError = true)]
    private static extern bool TerminateJobObject(SafeFileHandle job, uint exitCode);
#endif
}
