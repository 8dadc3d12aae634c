using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Microsoft.PowerShell;

namespace Anovos.Mlflow.Host;

/// <summary>Runs PowerShell with the module loaded, on machines without PowerShell.</summary>
internal static class Program
{
    private const string Usage = """
        usage: anovos-mlflow [SCRIPT.ps1 [ARGUMENT ...]]
               anovos-mlflow OPTION ...

        Runs the script in PowerShell with the module Anovos.Mlflow imported, without a profile and without prompts.
        Without arguments: an interactive session. The options are those of pwsh (-Command, -File, -NoExit ...).
        """;

    // The exit code that pwsh uses if it cannot start.
    private const int NotStarted = 70;

    // The exit code that a shell reports for a process ended by SIGINT.
    private const int Interrupted = 130;

    // If PowerShell cannot start, it leaves a foreground thread behind. Returning would wait for that thread.
    public static void Main(string[] arguments) => Environment.Exit(Start(arguments));

    private static int Start(string[] arguments)
    {
        if (arguments is ["-h" or "--help" or "-?", ..])
        {
            Console.WriteLine(Usage);
            return 0;
        }

        // PowerShell updates do not apply to this program.
        Environment.SetEnvironmentVariable("POWERSHELL_UPDATECHECK", "Off");
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");

        // By convention an empty NO_COLOR has no effect, but PowerShell turns color off for it.
        if (Environment.GetEnvironmentVariable("NO_COLOR") is "")
            Environment.SetEnvironmentVariable("NO_COLOR", null);
        try
        {
            using var bundle = new Bundle();
            return Run(arguments, bundle);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine(e.Message);
            return NotStarted;
        }
    }

    // Not inlined: PowerShell's engine may be a file of the bundle, so its types resolve only after the bundle is unpacked.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] arguments, Bundle bundle)
    {
        // PowerShell also writes the colors of tables and errors to pipes and files, where they appear as escape codes in a job's log. It
        // detects by itself whether a Windows console supports color.
        if (Console.IsOutputRedirected || Console.IsErrorRedirected)
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;

        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = ExecutionPolicy.RemoteSigned;
        state.ImportPSModule(bundle.Module);

        // In an interactive session, a missing PSReadLine would count as such an error, and PowerShell would start again without any
        // module.
        state.ThrowOnRunspaceOpenError = IsScript(arguments);

        // PowerShell may report success for a script that was stopped.
        bool interrupted = false;
        Console.CancelKeyPress += (_, _) => interrupted = true;
        int exitCode = ConsoleShell.Start(state, Banner, Usage, ForPowerShell(arguments));
        return interrupted && IsScript(arguments) ? Interrupted : exitCode;
    }

    private static string Banner =>
        $"Anovos.Mlflow {typeof(Program).Assembly.GetName().Version!.ToString(3)}, PowerShell {PSVersionInfo.PSVersion}";

    private static bool IsScript(string[] arguments) => arguments.Length > 0 && !arguments[0].StartsWith('-');

    private static string[] ForPowerShell(string[] arguments) => arguments switch
    {
        [] => [],
        _ when IsScript(arguments) => ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", .. arguments],
        _ => ["-NoLogo", "-NoProfile", .. arguments],
    };
}
