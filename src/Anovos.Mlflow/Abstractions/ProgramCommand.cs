using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Commands;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that runs a program under a run that the program can join.</summary>
public abstract class ProgramCommand : StartCommand
{
    private LogDisplay? _display;

    /// <summary>Environment variables of the program in addition to this session's; null removes a variable.</summary>
    [Parameter]
    [ValidateNotNull]
    public IDictionary? Environment { get; set; }

    /// <summary>The time limit, in seconds.</summary>
    [Parameter]
    [ValidateRange(1, 2_000_000)]
    [Alias("TimeoutSec")]
    public int? Timeout { get; set; }

    /// <inheritdoc/>
    protected override TimeSpan Farewell => TimeSpan.FromSeconds(20);

    /// <summary>How long the program may run; null for no limit.</summary>
    protected TimeSpan? TimeLimit => Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <summary>Finds a program: a name in <c>PATH</c>, or a path that <paramref name="locate"/> resolves.</summary>
    protected string FindProgram(string name, Func<string, string> locate)
    {
        bool isPath = name.IndexOfAny(['/', '\\']) >= 0;
        string? program = isPath
            ? ProgramSearch.Complete(locate(name), System.Environment.GetEnvironmentVariable)
            : InvokeCommand.GetCommand(name, CommandTypes.Application) is ApplicationInfo found ? found.Path : null;
        return program is not null && File.Exists(program)
            ? program
            : throw new MlflowException(ErrorKind.CommandNotFound, $"The program '{name}' was not found{(isPath ? "" : " in PATH")}. Nothing was started.") { Target = name };
    }

    /// <summary>Returns the variables in <c>-Environment</c>.</summary>
    protected Dictionary<string, string?> Variables()
    {
        var variables = new Dictionary<string, string?>();
        foreach (object name in Environment?.Keys ?? Array.Empty<object>())
            variables[ValueText.Of(name)] = Environment![name] is { } value ? ValueText.Of(value) : null;
        Redactor.AddSettings(variables);
        return variables;
    }

    // Start has set the run in this process's environment. The other variables for joining it are set for the program only.
    internal Dictionary<string, string?> ChildEnvironment(Run run, MlflowConnection connection)
    {
        Dictionary<string, string?> variables = [];
        foreach (KeyValuePair<string, string> variable in connection.ClientVariables(run))
            variables[variable.Key] = variable.Value;
        foreach (KeyValuePair<string, string?> variable in Variables())
            variables[variable.Key] = variable.Value;
        return variables;
    }

    /// <summary>Waits for the program, and shows its lines as they arrive. Also passes them to <paramref name="shown"/>.</summary>
    protected T Watch<T>(Func<Action<IReadOnlyList<LogLine>>, CancellationToken, Task<T>> run, Action<IReadOnlyList<LogLine>>? shown = null)
    {
        var queue = new LineQueue();
        LogDisplay display = _display = new LogDisplay(this);
        T result = Await(token => run(lines => Take(lines, token), token));
        Show();
        return result;

        void Show()
        {
            IReadOnlyList<LogLine> lines = [.. queue.TakeAll().Select(line => line.Redact(Redactor))];
            display.Show(lines);
            shown?.Invoke(lines);
        }

        void Take(IReadOnlyList<LogLine> lines, CancellationToken token)
        {
            if (queue.Add(lines, token))
                Post(Show);
        }
    }

    /// <summary>Writes the errors in the log, after the program has failed.</summary>
    protected void WriteLogErrors() => _display?.WriteErrors();

    /// <summary>Sets <c>$LASTEXITCODE</c>, as PowerShell does for a program that it runs itself.</summary>
    protected void SetExitCode(int? code, string? fault) => SessionState.PSVariable.Set("global:LASTEXITCODE", code ?? (fault is null ? 0 : -1));
}
