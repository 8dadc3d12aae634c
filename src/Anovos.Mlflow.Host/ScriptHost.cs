using System.Globalization;
using System.Management.Automation.Host;

namespace Anovos.Mlflow.Host;

/// <summary>The face of a console to the engine.</summary>
internal sealed class ScriptHost : PSHost
{
    /// <summary>The code that the script asked to exit with; null when it asked for none.</summary>
    public int? ExitCode { get; private set; }

    public override string Name => "Anovos.Mlflow.Host";

    public override Version Version { get; } = typeof(ScriptHost).Assembly.GetName().Version!;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override CultureInfo CurrentCulture => CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture => CultureInfo.CurrentUICulture;

    public override PSHostUserInterface UI => Console;

    public ConsoleUserInterface Console { get; } = new();

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new NotSupportedException("This host runs a script and has no prompt.");

    public override void ExitNestedPrompt() => throw new NotSupportedException("This host runs a script and has no prompt.");

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}
