using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;
using System.Text.RegularExpressions;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Host;

/// <summary>Runs a script and shows what comes out, errors among it, as a console does.</summary>
internal sealed partial class ScriptRunner(Runspace runspace, ScriptHost host) : IDisposable
{
    // `exit` in a script file ends that file only; passed on, it reaches the host. A native command's exit code does not.
    // A script that could not begin, as one with a syntax error, leaves no exit code.
    private const string Call = """
        param($Script)
        $global:LASTEXITCODE = 0
        & $Script {0}
        if (-not $?) { exit $(if ($global:LASTEXITCODE) { $global:LASTEXITCODE } else { 1 }) }
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
            _pipeline.AddScript(Call.Replace("{0}", string.Join(" ", arguments.Select(ToToken)), StringComparison.Ordinal)).AddParameter("Script", script);
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

    // As `pwsh -File` takes them: what looks like the name of a parameter is one, and all else is text.
    private static string ToToken(string argument) => ParameterName().Match(argument) switch
    {
        { Success: false } => Quote(argument),
        var match when match.Groups["value"] is { Success: true, Value: var value } =>
            $"{match.Groups["name"].Value}:{(bool.TryParse(value, out bool flag) ? $"${flag}" : Quote(value))}",
        _ => argument,
    };

    private static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";

    [GeneratedRegex(@"^(?<name>-[A-Za-z_]\w*)(:(?<value>.+))?\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();

    private void Show(ErrorRecord error)
    {
        // Not written as an error by a command: it would then lose the place that it came from.
        using PowerShellPipeline output = PowerShellPipeline.Create(runspace);
        host.Console.IsShowingError = true;
        output.AddCommand("Out-Default").Invoke(new[] { error });
        host.Console.IsShowingError = false;
    }
}
