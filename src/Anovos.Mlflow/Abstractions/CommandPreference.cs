using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Reads how a command should handle its warnings or errors: from its own parameter, else from the session's variable.</summary>
internal static class CommandPreference
{
    /// <summary>Returns the preference, such as <c>Stop</c>; empty if there is none.</summary>
    /// <param name="cmdlet">The command.</param>
    /// <param name="stream"><c>Error</c> or <c>Warning</c>.</param>
    public static string Of(PSCmdlet cmdlet, string stream) =>
        (cmdlet.MyInvocation.BoundParameters.TryGetValue($"{stream}Action", out object? bound) ? bound
            : cmdlet.SessionState.PSVariable.GetValue(stream == "Error" ? "ErrorActionPreference" : $"{stream}Preference"))?.ToString() ?? "";

    /// <summary>Whether they are suppressed.</summary>
    public static bool IsSilent(PSCmdlet cmdlet, string stream) => Of(cmdlet, stream) is "SilentlyContinue" or "Ignore";
}
