using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// Shows a workflow's log: warnings and errors as warnings, all other lines on the information stream and the console. A repeated
/// warning is shown as information, because Spark repeats some warnings a thousand times.
/// </summary>
internal sealed class LogDisplay(MlflowCommand cmdlet)
{
    private static readonly string[] Tags = ["PSHOST", "AnovosWorkflow"];

    // From this number of lines on, they share one record: a record for each line would keep the session busy.
    private const int Flood = 1000;

    private const int Most = 20;

    private readonly HashSet<string> _warned = new(StringComparer.Ordinal);
    private readonly Queue<string> _errors = new();

    /// <summary>
    /// Writes the last errors of the log as errors, after the workflow has failed: most logged errors do not end a workflow. If
    /// errors end the script, writes nothing, so that the script gets the error of the failure itself.
    /// </summary>
    public void WriteErrors()
    {
        if (CommandPreference.Of(cmdlet, "Error") is "Stop" or "Break" or "Inquire")
            return;
        foreach (string text in _errors)
            cmdlet.WriteError(new ErrorRecord(new MlflowException(ErrorKind.WorkflowFailed, text), "WorkflowLogError",
                ErrorCategory.NotSpecified, targetObject: null).Safe());
    }

    /// <summary>Shows lines.</summary>
    public void Show(IReadOnlyList<LogLine> lines)
    {
        List<string> together = [];
        foreach (LogLine line in lines)
        {
            LogSeverity severity = line.Severity;
            string text = line.ToDisplay();
            if (severity == LogSeverity.Information || (severity == LogSeverity.Warning && !IsNew(line)))
            {
                together.Add(text);
                if (lines.Count < Flood || together.Count >= Flood)
                    Write(together);
                continue;
            }

            Write(together);
            if (severity == LogSeverity.Error)
            {
                _errors.Enqueue(text);
                if (_errors.Count > Most)
                    _errors.Dequeue();
            }

            cmdlet.WriteWarning(text);
        }

        Write(together);
    }

    private bool IsNew(LogLine line) => _warned.Count >= Flood ? !_warned.Contains(line.Message) : _warned.Add(line.Message);

    private void Write(List<string> lines)
    {
        if (lines.Count == 0)
            return;
        cmdlet.WriteInformation(new HostInformationMessage { Message = lines.Count == 1 ? lines[0] : string.Join("\n", lines) }, Tags);
        lines.Clear();
    }
}
