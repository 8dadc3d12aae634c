using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Microsoft.PowerShell;

namespace Anovos.Mlflow.Host;

/// <summary>PowerShell with the module loaded, where no PowerShell is installed.</summary>
internal static class Program
{
    private const string Usage = """
        usage: anovos-mlflow [SCRIPT.ps1 [ARGUMENT ...]]
               anovos-mlflow OPTION ...

        Runs the script in PowerShell with the module Anovos.Mlflow imported, without a profile and without prompts.
        Without arguments: an interactive session. The options are those of pwsh (-Command, -File, -NoExit ...).
        """;

    // The exit code of pwsh if it cannot start.
    private const int NotStarted = 70;

    // The exit code of a shell for a process that SIGINT ended.
    private const int Interrupted = 130;

    // If PowerShell cannot start, it leaves a foreground thread behind, for which a return would wait.
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

        // An empty NO_COLOR means nothing by its convention, but turns color off in PowerShell.
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

    // Not inlined: PowerShell's engine may be a file of the bundle, and its types resolve only after that is unpacked.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] arguments, Bundle bundle)
    {
        // PowerShell writes the colors of tables and errors to pipes and files as well, where a job's log shows them as text. Whether a
        // console of Windows has colors, it finds out by itself.
        if (Console.IsOutputRedirected || Console.IsErrorRedirected)
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;

        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = ExecutionPolicy.RemoteSigned;
        state.ImportPSModule(bundle.Module);

        // In a session, PowerShell would take the lack of PSReadLine for such an error, and start again without any module.
        state.ThrowOnRunspaceOpenError = IsScript(arguments);

        // For PowerShell, a script that was stopped may have succeeded.
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
