using System.Management.Automation.Runspaces;

namespace Anovos.Mlflow.Host;

/// <summary>Runs one script with the module loaded, where no PowerShell is installed. Exit codes are those of <c>pwsh -File</c>.</summary>
internal static class Program
{
    private const string Usage = """
        usage: anovos-mlflow SCRIPT.ps1 [ARGUMENT ...]

        Runs the script with the module Anovos.Mlflow imported. Of PowerShell there is the language and its core
        commands (ForEach-Object, Where-Object, Import-Module, Get-Command, Get-Help …); install pwsh for the rest.
        """;

    // What pwsh answers for a -File that is not there.
    private const int BadScriptFile = 64;

    // What pwsh answers where it cannot begin.
    private const int NotStarted = 70;

    public static int Main(string[] arguments)
    {
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        if (arguments.Length == 0 || arguments[0] is "-h" or "--help" or "-?")
        {
            Console.WriteLine(Usage);
            return arguments.Length == 0 ? BadScriptFile : 0;
        }

        string script = Path.GetFullPath(arguments[0]);
        if (!File.Exists(script))
        {
            Console.Error.WriteLine($"There is no script '{arguments[0]}'. Paths are relative to {Environment.CurrentDirectory}.");
            return BadScriptFile;
        }

        try
        {
            using var bundle = new Bundle();
            return Run(script, arguments[1..], bundle);
        }
        catch (IOException e)
        {
            Console.Error.WriteLine(e.Message);
            return NotStarted;
        }
    }

    private static int Run(string script, string[] arguments, Bundle bundle)
    {
        var host = new ScriptHost();
        using Runspace runspace = RunspaceFactory.CreateRunspace(host, SessionState(bundle));
        runspace.Open();
        using var runner = new ScriptRunner(runspace, host);
        return runner.Run(script, arguments);
    }

    private static InitialSessionState SessionState(Bundle bundle)
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.RemoteSigned;
        state.ImportPSModule(bundle.Module);
        state.ThrowOnRunspaceOpenError = true;
        return state;
    }
}
