using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// Shows a workflow's log: its warnings and errors as such, all else on the information stream, on the console too. Where
/// errors end a script, a line of a log must not end the workflow, so it is a warning there.
/// </summary>
internal sealed class LogDisplay(MlflowCommand cmdlet)
{
    private static readonly string[] Tags = ["PSHOST", "AnovosWorkflow"];

    // So many lines at once, and a record for each would be all that the session does.
    private const int Flood = 1000;

    private readonly bool _errorsStop = CommandPreference.Of(cmdlet, "Error") is "Stop" or "Break" or "Inquire";

    /// <summary>Shows lines.</summary>
    public void Show(IReadOnlyList<LogLine> lines)
    {
        List<string> together = [];
        foreach (LogLine line in lines)
        {
            string severity = line.Severity.ToString(), text = line.ToDisplay();
            if (severity == nameof(LogSeverity.Information))
            {
                together.Add(text);
                if (lines.Count < Flood || together.Count >= Flood)
                    Write(together);
                continue;
            }

            Write(together);
            if (severity == nameof(LogSeverity.Error) && !_errorsStop)
                cmdlet.WriteError(new ErrorRecord(new MlflowException(ErrorKind.WorkflowFailed, text), "WorkflowLogError", ErrorCategory.NotSpecified, targetObject: null).Safe());
            else
                cmdlet.WriteWarning(text);
        }

        Write(together);
    }

    private void Write(List<string> lines)
    {
        if (lines.Count == 0)
            return;
        cmdlet.WriteInformation(new HostInformationMessage { Message = lines.Count == 1 ? lines[0] : string.Join("\n", lines) }, Tags);
        lines.Clear();
    }
}
