using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes names, ignoring case. Offers them quoted, and escaped for a parameter that accepts wildcards.</summary>
internal static class NameCompletion
{
    /// <summary>Whether a name begins with the text typed so far, which can be quoted or escaped.</summary>
    public static bool Begins(string name, string typed)
    {
        string text = typed.StartsWith("'", StringComparison.Ordinal)
            ? typed.Substring(1).TrimEnd('\'').Replace("''", "'")
            : typed.Trim('\'', '"');
        return new NamePattern(text).Names.Any(begin => name.StartsWith(begin, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Offers a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="tip">The tooltip.</param>
    /// <param name="wildcards">Whether the parameter accepts wildcards.</param>
    public static CompletionResult Offer(string name, string tip, bool wildcards = false)
    {
        string text = CodeGeneration.EscapeSingleQuotedStringContent(wildcards ? NamePattern.Escape(name) : name);
        return new CompletionResult($"'{text}'", name, CompletionResultType.ParameterValue, tip);
    }
}
