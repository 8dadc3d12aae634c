using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Databricks;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of the profiles in <c>.databrickscfg</c>.</summary>
public sealed class ProfileCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return [.. DatabricksConfig.ProfileNames(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))
                .Where(name => name.StartsWith(wordToComplete.Trim('\'', '"'), StringComparison.OrdinalIgnoreCase))
                .Select(name => new CompletionResult($"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'", name, CompletionResultType.ParameterValue, $"profile {name}"))];
        }
        catch (MlflowException)
        {
            // A completer must not disturb the line.
            return [];
        }
    }
}
