using System.Diagnostics;

namespace Anovos.Mlflow.Processes;

/// <summary>A child process and its output. Its standard input is empty.</summary>
/// <param name="Process">The process.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
internal sealed record StartedProcess(Process Process, Stream Output, Stream Error) : IDisposable
{
    /// <summary>Starts a process.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The process cannot be started.</exception>
    public static StartedProcess Start(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.CreateNoWindow = true;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        Process process = Process.Start(start)!;

        // A program that prompts for input must not wait for it.
        process.StandardInput.Close();
        return new StartedProcess(process, process.StandardOutput.BaseStream, process.StandardError.BaseStream);
    }

    public void Dispose() => Process.Dispose();
}
