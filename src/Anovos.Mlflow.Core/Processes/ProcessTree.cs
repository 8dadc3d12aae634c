using System.ComponentModel;
using System.Diagnostics;
#if NET
using System.Runtime.InteropServices;
using System.Text;
#endif

namespace Anovos.Mlflow.Processes;

/// <summary>
/// A child process and all processes that it starts, to be ended together. On Linux they are identified by an inherited variable,
/// so that they are found even after their parent has ended; on Windows by a job object.
/// </summary>
internal sealed class ProcessTree : IDisposable
{
    /// <summary>The variable that identifies the processes of one workflow.</summary>
    public const string Variable = "ANOVOS_MLFLOW_WORKFLOW";

#if NET
    private const int Terminate = 15;
    private const int Kill = 9;
#endif

    private readonly string _mark = Guid.NewGuid().ToString("N");
    private readonly WindowsJob? _job = WindowsName.IsWindows ? new WindowsJob() : null;
    private readonly object _turn = new();
    private Process? _root;
    private bool _isDisposed;
#if NET
    private LinuxTree? _linux;
#endif

    /// <summary>The text in the environment of every process of the tree.</summary>
    public string Mark => $"{Variable}={_mark}";

    /// <summary>True if the usage of a tree can be read on this system.</summary>
#if NET
    public static bool IsMeasured => WindowsName.IsWindows || Directory.Exists("/proc/self");
#else
    public static bool IsMeasured => WindowsName.IsWindows;
#endif

    /// <summary>Ends the processes of a tree whose owner was killed. They can be found only on Linux.</summary>
    public static void EndMarked(string mark)
    {
#if NET
        foreach (int id in WindowsName.IsWindows ? [] : Marked(mark))
            Send(id, Kill);
#endif
    }

    /// <summary>Starts the process as the root.</summary>
    /// <exception cref="Win32Exception">The process cannot be started.</exception>
    public StartedProcess Start(ProcessStartInfo start)
    {
        start.Environment[Variable] = _mark;
        StartedProcess started = _job?.Start(start) ?? StartedProcess.Start(start);
        _root = started.Process;
        return started;
    }

    /// <summary>Reads the usage of all processes; null if no process is left, or if it cannot be read.</summary>
    /// <exception cref="Win32Exception">Windows does not provide the usage.</exception>
    public TreeUsage? Usage()
    {
        lock (_turn)
        {
            if (_isDisposed || _root is null)
                return null;
#if NET
            if (_job is null && IsMeasured)
                return (_linux ??= new LinuxTree(_root.Id, Mark)).Read();
#endif
            return _job?.Usage();
        }
    }

    /// <summary>Asks all processes to exit, and kills the remaining ones after <paramref name="grace"/>.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        if (_job is not null)
        {
            // Windows has no way to ask a console program without a window to exit.
            _job.End();
            return;
        }

#if NET
        Signal(Terminate);
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < grace && IsAlive(); )
            await Task.Delay(50).ConfigureAwait(false);
#else
        await Task.Yield();
#endif
        try
        {
#if NET
            _root?.Kill(entireProcessTree: true);
#else
            _root?.Kill();
#endif
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // The process, or another one in its tree, has already ended.
        }

#if NET
        Signal(Kill);
#endif
    }

    public void Dispose()
    {
        lock (_turn)
        {
            _isDisposed = true;
            _root?.Dispose();
            _job?.Dispose();
        }
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

    // Only Linux has /proc. On other systems, .NET's walk from parent to child must suffice.
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
            return false; // It has ended, or belongs to another user.
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Send(int processId, int signal);
#endif
}
