using System.Management.Automation;
using System.Management.Automation.Runspaces;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Host;

/// <summary>Runs a script and shows what comes out, errors among it, as a console does.</summary>
internal sealed class ScriptRunner(Runspace runspace, ScriptHost host) : IDisposable
{
    // `exit` in a script file ends that file only; passed on, it reaches the host. A native command's exit code does not.
    private const string Call = """
        param($Script, $Arguments)
        $global:LASTEXITCODE = 0
        & $Script @Arguments
        if (-not $?) { exit $global:LASTEXITCODE }
        """;

    // What a shell reports for a process that SIGINT ended.
    private const int Interrupted = 130;

    private readonly PowerShellPipeline _pipeline = PowerShellPipeline.Create(runspace);

    /// <summary>Runs the script; answers the exit code.</summary>
    public int Run(string script, string[] arguments)
    {
        Console.CancelKeyPress += Stop;
        try
        {
            _pipeline.AddScript(Call).AddParameter("Script", script).AddParameter("Arguments", arguments);
            _pipeline.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
            _pipeline.AddCommand("Out-Default");
            _pipeline.Invoke();
            return host.ExitCode ?? 0;
        }
        catch (PipelineStoppedException)
        {
            return Interrupted;
        }
        catch (RuntimeException e)
        {
            Show(e.ErrorRecord);
            return 1;
        }
        finally
        {
            Console.CancelKeyPress -= Stop;
        }
    }

    public void Dispose() => _pipeline.Dispose();

    private void Stop(object? sender, ConsoleCancelEventArgs e)
    {
        e.Cancel = true;
        _pipeline.BeginStop(null, null);
    }

    private void Show(ErrorRecord error)
    {
        using PowerShellPipeline output = PowerShellPipeline.Create(runspace);
        output.AddScript("[CmdletBinding()] param($Record) $PSCmdlet.WriteError($Record)").AddArgument(error);
        output.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        output.AddCommand("Out-Default").Invoke();
    }
}
