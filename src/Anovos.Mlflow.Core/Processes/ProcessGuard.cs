using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Anovos.Mlflow.Processes;

/// <summary>
/// Ends the processes of a tree and deletes its folder if this process is killed before it can do so itself. On Linux, a separate
/// shell waits for that; it runs only the script below.
/// </summary>
internal sealed class ProcessGuard : IDisposable
{
    private const string Shell = "/bin/sh";

    // Standard input ends when this process ends, for any reason. The script ignores Ctrl+C, which a terminal sends to the entire group.
    private const string Script =
        """
        trap '' HUP INT QUIT TERM
        exec >/dev/null 2>&1
        read -r finished && exit
        signal() {
            found=
            for at in $(grep -lsF -- "$mark" /proc/[0-9]*/environ); do
                at=${at#/proc/}
                kill "-$1" "${at%/environ}" && found=1
            done
        }
        mark=$1 tries=0
        signal TERM
        while [ -n "$found" ] && [ $tries -lt 15 ]; do
            sleep 1
            tries=$((tries + 1))
            if [ $tries -lt 5 ]; then signal 0; else signal KILL; fi
        done
        rm -rf -- "$2"
        """;

    private readonly Process _process;

    private ProcessGuard(Process process) => _process = process;

    /// <summary>Starts the guard; null if the system is not Linux or has no shell.</summary>
    /// <param name="mark">The text in the environment of every process of the tree.</param>
    /// <param name="folder">The folder.</param>
    public static ProcessGuard? Start(string mark, string folder)
    {
        if (!RuntimeInformation.IsOSPlatform(OSPlatform.Linux) || !File.Exists(Shell))
            return null;
        var start = new ProcessStartInfo(Shell) { UseShellExecute = false, RedirectStandardInput = true, WorkingDirectory = "/" };
#if NET
        foreach (string argument in new[] { "-c", Script, "anovos-mlflow-guard", mark, folder })
            start.ArgumentList.Add(argument);
#else
        start.Arguments = CommandLine.Join(["-c", Script, "anovos-mlflow-guard", mark, folder]);
#endif
        start.Environment.Remove(ProcessTree.Variable);
        try
        {
            return new ProcessGuard(Process.Start(start)!);
        }
        catch (Win32Exception)
        {
            // Without the guard, leftovers are found at the next start.
            return null;
        }
    }

    public void Dispose()
    {
        try
        {
            _process.StandardInput.WriteLine();
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Another process ended the guard.
        }

        _process.Dispose();
    }
}
