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

        var host = new ScriptHost();
        using Runspace runspace = RunspaceFactory.CreateRunspace(host, SessionState());
        runspace.Open();
        using var runner = new ScriptRunner(runspace, host);
        return runner.Run(script, arguments[1..]);
    }

    private static InitialSessionState SessionState()
    {
        InitialSessionState state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.RemoteSigned;
        state.ImportPSModule(Path.Combine(AppContext.BaseDirectory, "Modules", "Anovos.Mlflow", "Anovos.Mlflow.psd1"));
        state.ThrowOnRunspaceOpenError = true;
        return state;
    }
}
