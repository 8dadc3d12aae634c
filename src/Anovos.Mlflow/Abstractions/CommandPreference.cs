using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>What a command is to do with its warnings or errors: its own parameter says so, else the session's variable.</summary>
internal static class CommandPreference
{
    /// <summary>The preference, as <c>Stop</c>; empty where there is none.</summary>
    /// <param name="cmdlet">The command.</param>
    /// <param name="stream"><c>Error</c> or <c>Warning</c>.</param>
    public static string Of(PSCmdlet cmdlet, string stream) =>
        (cmdlet.MyInvocation.BoundParameters.TryGetValue($"{stream}Action", out object? bound) ? bound
            : cmdlet.SessionState.PSVariable.GetValue(stream == "Error" ? "ErrorActionPreference" : $"{stream}Preference"))?.ToString() ?? "";

    /// <summary>Whether nobody is to hear of them.</summary>
    public static bool IsSilent(PSCmdlet cmdlet, string stream) => Of(cmdlet, stream) is "SilentlyContinue" or "Ignore";
}
