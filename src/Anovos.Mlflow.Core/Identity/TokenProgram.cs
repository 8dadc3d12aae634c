using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Identity;

/// <summary>Runs a program that prints a token. It is started directly, without a shell, and cannot ask for input.</summary>
/// <param name="name">The program's name, for errors.</param>
/// <param name="path">Its path.</param>
internal sealed class TokenProgram(string name, string path)
{
    private const int LongestMessage = 500;

    /// <summary>Runs the program to completion.</summary>
    /// <param name="arguments">The unquoted arguments.</param>
    /// <param name="patience">The maximum time.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/> if it cannot be started or takes too long.
    /// </exception>
    public async Task<ProgramResult> RunAsync(IReadOnlyList<string> arguments, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (CommandLine.BrokenByBatch(path, arguments) is { } broken)
            throw Failed($"{path} is a batch file and cannot be passed '{broken}'. Use the program itself.");
        using Process process = Start(arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Task finished = Task.WhenAll(output, error);
        if (await Task.WhenAny(finished, Task.Delay(patience, cancellationToken)).ConfigureAwait(false) != finished)
        {
            Kill(process);
            cancellationToken.ThrowIfCancellationRequested();
            throw Failed($"{name} did not respond within {patience.TotalSeconds} seconds.", isTransient: true);
        }

        process.WaitForExit();
        return new ProgramResult(process.ExitCode, await output.ConfigureAwait(false), Message(await error.ConfigureAwait(false)));
    }

    /// <summary>Creates an error of the program.</summary>
    public MlflowException Failed(string message, bool isTransient = false) =>
        new(ErrorKind.AuthenticationFailed, message) { Target = path, IsTransient = isTransient };

    // Warnings, for example about a proxy or an update, may precede the error.
    private static string Message(string error)
    {
        string[] lines = [.. error.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        int start = Array.FindIndex(lines, line => line.StartsWith("ERROR", StringComparison.OrdinalIgnoreCase));
        IEnumerable<string> words = start >= 0
            ? lines.Skip(start)
            : lines.Where(line => !line.StartsWith("WARNING", StringComparison.OrdinalIgnoreCase));
        string message = string.Join(" ", words);
        message = message.StartsWith("error:", StringComparison.OrdinalIgnoreCase) ? message.Substring("error:".Length).Trim() : message;
        if (message.Length == 0)
            return "it printed no error message.";
        return message.Length > LongestMessage ? message.Substring(0, LongestMessage) + "…" : message.TrimEnd('.') + ".";
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It ended in the meantime.
        }
    }

    private Process Start(IReadOnlyList<string> arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(path, CommandLine.Join(arguments))
            {
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Encoding.UTF8,
                StandardErrorEncoding = Encoding.UTF8,
            },
        };
        try
        {
            process.Start();
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            process.Dispose();
            throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"{name} ({path}) cannot be started: {e.Message}", e)
            { Target = path };
        }
    }
}

/// <summary>The result of a program.</summary>
/// <param name="ExitCode">The exit code; 0 means success.</param>
/// <param name="Output">The standard output. May contain a token.</param>
/// <param name="Message">The error on one line, without the warnings before it.</param>
internal sealed record ProgramResult(int ExitCode, string Output, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"exit code {ExitCode}";
}

/// <summary>No one is signed in with a program that the machine may have for other purposes, so another method may be tried.</summary>
internal sealed class NotSignedInException(string message, string target) : Exception(message)
{
    /// <summary>The program.</summary>
    public string Target { get; } = target;
}
