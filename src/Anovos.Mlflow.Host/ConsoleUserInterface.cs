using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;
using System.Security;

namespace Anovos.Mlflow.Host;

/// <summary>Writes to the console: errors to standard error, progress there too and only on a terminal. Asks nothing.</summary>
internal sealed class ConsoleUserInterface : PSHostUserInterface
{
    private readonly bool _hasColor = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private bool _progressShown;

    public override PSHostRawUserInterface RawUI { get; } = new ConsoleRawUserInterface();

    public override bool SupportsVirtualTerminal => _hasColor;

    /// <summary>Whether what is written now is an error.</summary>
    public bool IsShowingError { get; set; }

    public override void Write(string value) => Write(IsShowingError ? Console.Error : Console.Out, value);

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => Write(value);

    public override void WriteLine(string value) => Write(value + Environment.NewLine);

    public override void WriteErrorLine(string value) => Write(Console.Error, value + Environment.NewLine);

    public override void WriteDebugLine(string message) => WriteLine("DEBUG: " + message);

    public override void WriteVerboseLine(string message) => WriteLine("VERBOSE: " + message);

    public override void WriteWarningLine(string message) => WriteLine("WARNING: " + message);

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        if (Console.IsErrorRedirected)
            return;
        ClearProgress();
        if (record.RecordType == ProgressRecordType.Completed)
            return;
        string line = $"{record.Activity}: {record.StatusDescription} {(record.PercentComplete >= 0 ? $"{record.PercentComplete} %" : "")}";
        int width = RawUI.BufferSize.Width - 1;
        Console.Error.Write(line.Length > width ? line[..width] : line);
        _progressShown = true;
    }

    public override string ReadLine() => throw NotInteractive("a line of input");

    public override SecureString ReadLineAsSecureString() => throw NotInteractive("a secret");

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
        throw NotInteractive(string.Join(", ", descriptions.Select(field => field.Name)));

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice) =>
        throw NotInteractive($"a choice ({message})");

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        throw NotInteractive("a credential");

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
        throw NotInteractive("a credential");

    private static HostException NotInteractive(string wanted) =>
        new($"The script asks for {wanted}, and this host runs without a prompt. Give it as a parameter, or run the script in pwsh.");

    private void Write(TextWriter writer, string value)
    {
        ClearProgress();
        writer.Write(_hasColor ? value : new StringDecorated(value).ToString(OutputRendering.PlainText));
    }

    private void ClearProgress()
    {
        if (_progressShown)
            Console.Error.Write("\r\u001b[K");
        _progressShown = false;
    }
}
